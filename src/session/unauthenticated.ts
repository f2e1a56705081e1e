interface UnauthenticatedLimits {
  readonly maxUnauthenticated: number;
  /** Of one address at once: an office behind one, and not one attacker with all our sockets. */
  readonly maxUnauthenticatedPerAddress: number;
}

/**
 * The number of sockets that have not signed in. They are kept few, because they cost the same as others and no user
 * is responsible for them.
 */
export class Unauthenticated {
  readonly #limits: UnauthenticatedLimits;
  /** Only addresses that have one now, so at most `maxUnauthenticated` entries. */
  readonly #byAddress = new Map<string, number>();
  #count = 0;

  constructor(limits: UnauthenticatedLimits) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#count;
  }

  /** Whether there is room for one more of this address. */
  admits(address: string): boolean {
    const { maxUnauthenticated, maxUnauthenticatedPerAddress } = this.#limits;
    return (
      this.#count < maxUnauthenticated && (this.#byAddress.get(address) ?? 0) < maxUnauthenticatedPerAddress
    );
  }

  /** @returns false when there are too many already; then nothing was counted. */
  enter(address: string): boolean {
    if (!this.admits(address)) return false;
    this.#byAddress.set(address, (this.#byAddress.get(address) ?? 0) + 1);
    this.#count += 1;
    return true;
  }

  /** It signed in, or its socket is gone. */
  leave(address: string): void {
    const here = this.#byAddress.get(address) ?? 0;
    if (here <= 1) this.#byAddress.delete(address);
    else this.#byAddress.set(address, here - 1);
    this.#count -= 1;
  }
}
