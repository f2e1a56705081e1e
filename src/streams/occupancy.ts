import type { Places } from '../store/port/places.ts';

export interface OccupancyOptions {
  readonly places: Pick<Places, 'counts'>;
  /** A place is occupied now, or is not; sent to everybody who follows it. */
  readonly onTurn: (tenant: string, place: string, total: number) => void;
  /** Everything marked before the last look is settled. `false`: the store did not answer, and it is looked at again. */
  readonly onLooked: (isSettled: boolean) => void;
  /** A look begins: it settles what is marked by now. */
  readonly onLook: () => void;
}

/** How long marks are gathered, ms: also how often a place is counted at most. */
const GATHER_MS = 500;
/** Places asked for in one call. */
const BATCH = 200;
/** Places whose last word is kept, so that it is not repeated. Beyond, the oldest is forgotten, and may be repeated. */
const MAX_KNOWN = 50_000;

interface Known {
  readonly tenant: string;
  readonly place: string;
  readonly isOccupied: boolean;
  /** A reader may not have been sent it: the next look says it again. */
  isSure: boolean;
}

/**
 * Turns of places: when the first one has come, and when the last one has left. They come from counts, which know nothing of
 * order and lose nothing: a place that a user entered or left is counted, at most twice a second however many came,
 * and what changed is sent. A turn may be sent twice; the last one is true.
 */
export class Occupancy {
  readonly #options: OccupancyOptions;
  readonly #marked = new Map<string, { readonly tenant: string; readonly place: string }>();
  readonly #known = new Map<string, Known>();
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: OccupancyOptions) {
    this.#options = options;
  }

  /** Who is in this place may have changed. @param isNews - a reader may have missed the last turn. */
  mark(tenant: string, place: string, isNews: boolean): void {
    const key = `${tenant}:${place}`;
    const known = this.#known.get(key);
    if (isNews && known) known.isSure = false;
    if (!this.#marked.has(key)) this.#marked.set(key, { tenant, place });
    this.#arm();
  }

  /** A user was forgotten, wherever they were: each place of the tenant that is occupied may not be any more. */
  markOccupied(tenant: string): void {
    for (const [key, known] of this.#known) {
      if (known.tenant === tenant && known.isOccupied) this.#marked.set(key, known);
    }
    if (this.#marked.size > 0) this.#arm();
  }

  /** A reader has come, or what readers hold may be wrong: the last words may be needed again. */
  doubt(): void {
    for (const known of this.#known.values()) known.isSure = false;
  }

  start(): void {
    this.#stopped = false;
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#marked.clear();
    this.#known.clear();
  }

  #arm(): void {
    if (this.#stopped) return;
    this.#timer ??= setTimeout(() => void this.#look(), GATHER_MS);
  }

  async #look(): Promise<void> {
    const marked = [...this.#marked.values()];
    this.#marked.clear();
    this.#options.onLook();
    let isSettled = true;
    for (const [tenant, places] of byTenant(marked)) {
      for (let at = 0; at < places.length && !this.#stopped; at += BATCH) {
        isSettled = (await this.#count(tenant, places.slice(at, at + BATCH))) && isSettled;
      }
    }
    this.#timer = undefined;
    if (this.#stopped) return;
    this.#options.onLooked(isSettled);
    if (this.#marked.size > 0) this.#arm();
  }

  async #count(tenant: string, places: readonly string[]): Promise<boolean> {
    try {
      const totals = await this.#options.places.counts(tenant, places);
      for (const [i, place] of places.entries()) this.#counted(tenant, place, totals[i] ?? 0);
      return true;
    } catch {
      for (const place of places) this.#marked.set(`${tenant}:${place}`, { tenant, place });
      return false;
    }
  }

  #counted(tenant: string, place: string, total: number): void {
    if (this.#stopped) return;
    const key = `${tenant}:${place}`;
    const known = this.#known.get(key);
    const isOccupied = total > 0;
    this.#known.delete(key);
    this.#known.set(key, { tenant, place, isOccupied, isSure: true });
    if (this.#known.size > MAX_KNOWN) {
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest);
        break;
      }
    }
    if (known?.isSure !== true || known.isOccupied !== isOccupied) this.#options.onTurn(tenant, place, total);
  }
}

const byTenant = (
  marked: readonly { readonly tenant: string; readonly place: string }[],
): ReadonlyMap<string, string[]> => {
  const places = new Map<string, string[]>();
  for (const { tenant, place } of marked) {
    const ofTenant = places.get(tenant);
    if (ofTenant) ofTenant.push(place);
    else places.set(tenant, [place]);
  }
  return places;
};
