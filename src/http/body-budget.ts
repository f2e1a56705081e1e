import { rateLimited, unavailable } from './errors.ts';

/** What bodies that are still arriving may take. */
export interface BodyLimits {
  /** Bodies at once, of one user and of all. */
  readonly perUser: number;
  readonly inAll: number;
  /** Bytes of them that have arrived, of one user and of all. */
  readonly bytesPerUser: number;
  readonly bytesInAll: number;
  /** From the first look at a body to its last byte, ms. */
  readonly withinMs: number;
}

/** Far more than callers that send what they announce ever have under way. */
const BODY_LIMITS: BodyLimits = {
  perUser: 32,
  inAll: 1000,
  bytesPerUser: 8 * 1_048_576,
  bytesInAll: 64 * 1_048_576,
  withinMs: 10_000,
};

/** How soon a caller who sends too much at once may try again, ms. */
const RETRY_MS = 1000;

const ofUser = () => rateLimited(RETRY_MS);
const ofAll = () => unavailable('Not here and now: too much is being sent.');

interface Usage {
  bodies: number;
  bytes: number;
}

/** A body on its way. */
export interface ArrivingBody {
  /** More of it has arrived. @throws ProblemError when there is no room for it. */
  grow(bytes: number): void;
  /** It was taken or given up. Called again it does nothing. */
  end(): void;
}

/**
 * How much of unfinished bodies is held. Whoever announces a body and never ends it costs what has arrived of it, and
 * requests a second say nothing of how many are held at once.
 */
export class BodyBudget {
  readonly limits: BodyLimits;
  /** Only users that have one now. */
  readonly #byUser = new Map<string, Usage>();
  readonly #all: Usage = { bodies: 0, bytes: 0 };

  constructor(limits: BodyLimits = BODY_LIMITS) {
    this.limits = limits;
  }

  /** What is held now. */
  get held(): Readonly<Usage> {
    return this.#all;
  }

  /** @throws ProblemError `rate_limited` when the user has too many on their way, `unavailable` when all have. */
  begin(user: string): ArrivingBody {
    const { perUser, inAll, bytesPerUser, bytesInAll } = this.limits;
    const theirs = this.#byUser.get(user) ?? { bodies: 0, bytes: 0 };
    if (theirs.bodies >= perUser) throw ofUser();
    if (this.#all.bodies >= inAll) throw ofAll();
    this.#byUser.set(user, theirs);
    theirs.bodies += 1;
    this.#all.bodies += 1;
    let bytes = 0;
    let isHeld = true;
    return {
      grow: (more) => {
        if (theirs.bytes + more > bytesPerUser) throw ofUser();
        if (this.#all.bytes + more > bytesInAll) throw ofAll();
        bytes += more;
        theirs.bytes += more;
        this.#all.bytes += more;
      },
      end: () => {
        if (!isHeld) return;
        isHeld = false;
        theirs.bodies -= 1;
        theirs.bytes -= bytes;
        this.#all.bodies -= 1;
        this.#all.bytes -= bytes;
        if (theirs.bodies === 0) this.#byUser.delete(user);
      },
    };
  }
}
