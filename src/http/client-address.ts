import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import type { Settings } from '../config/settings.ts';
import { addressKey, addressList, parseAddress } from './address.ts';

type Address = NonNullable<ReturnType<typeof parseAddress>>;

/** Proxies in a row that are checked; a longer list is forged. */
const MAX_HOPS = 100;

/** Entries of a forwarded list, the one nearest to us first. */
function* nearestFirst(list: string): Generator<string> {
  let end = list.length;
  for (let hop = 0; hop < MAX_HOPS && end >= 0; hop += 1) {
    const comma = list.lastIndexOf(',', end - 1);
    yield list.slice(comma + 1, end).trim();
    end = end === 0 ? -1 : comma;
  }
}

/** Whether the proxy that is `hop` steps away is trusted to name the client behind it. */
type Trust = (address: Address | undefined, hop: number) => boolean;

const trustOf = (setting: Settings['trustProxy']): Trust => {
  if (typeof setting === 'number') return (_address, hop) => hop < setting;
  if (typeof setting === 'boolean') return () => setting;
  const isListed = addressList(setting);
  return (address) => address !== undefined && isListed(address);
};

/**
 * The client's address for rate limits: the peer, or the address that trusted proxies name. An entry of a proxy that
 * is no address counts as that proxy: a separate key would give an attacker a new one for every forged entry.
 */
export class ClientAddresses {
  readonly #trust: Trust;
  readonly #isBelieved: boolean;
  readonly #log: Pick<Logger, 'warn'>;
  /** A peer that has reset its connection has no address any more, but its request still counts. */
  readonly #peers = new WeakMap<Socket, string>();
  #warned = false;

  constructor(trustProxy: Settings['trustProxy'], log: Pick<Logger, 'warn'>) {
    this.#trust = trustOf(trustProxy);
    this.#isBelieved = trustProxy !== false;
    this.#log = log;
  }

  /** To be called when a connection opens. @returns `false` when its peer has already gone. */
  opened(socket: Socket): boolean {
    const { remoteAddress } = socket;
    if (remoteAddress === undefined) return false;
    this.#peers.set(socket, remoteAddress);
    return true;
  }

  /** The key that limits by address count a request under. */
  keyOf({ socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>): string {
    const forwarded = headers['x-forwarded-for'];
    const list = Array.isArray(forwarded) ? forwarded.join(',') : forwarded;
    if (list !== undefined && !this.#isBelieved) this.#warn();
    const peer = this.#peers.get(socket) ?? socket.remoteAddress ?? '';
    let address = parseAddress(peer);
    if (list !== undefined && this.#isBelieved) {
      let hop = 0;
      for (const entry of nearestFirst(list)) {
        if (!this.#trust(address, hop)) break;
        const next = parseAddress(entry);
        if (next === undefined) break;
        address = next;
        hop += 1;
      }
    }
    return address === undefined ? peer : addressKey(address);
  }

  #warn(): void {
    if (this.#warned) return;
    this.#warned = true;
    this.#log.warn(
      'X-Forwarded-For came with a request, and TRUST_PROXY=false: if a proxy of yours sent it, limits count all its clients as one address; set TRUST_PROXY to the number of your proxies or to their addresses',
    );
  }
}
