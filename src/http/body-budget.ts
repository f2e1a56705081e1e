import { rateLimited, unavailable } from './errors.ts';

/** Bounds for bodies that are still arriving. */
export interface BodyLimits {
  /** Bodies at once, of one user and of all. */
  readonly perUser: number;
  readonly inAll: number;
  /** Bytes of them that have arrived, of one user and of all. */
  readonly bytesPerUser: number;
  readonly bytesInAll: number;
  /** From the start of reading a body to its last byte, ms. */
  readonly withinMs: number;
}

/** Far more than callers that send what they announce ever have in progress. */
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
const ofAll = () => unavailable('This node is at capacity: too many request bodies are arriving.');

interface Usage {
  bodies: number;
  bytes: number;
}

/** A body that is arriving. */
export interface ArrivingBody {
  /** More of it has arrived. @throws ProblemError when there is no room for it. */
  grow(bytes: number): void;
  /** It was read or given up. A second call is a no-op. */
  end(): void;
}

/**
 * Bounds the memory of unfinished bodies. A caller that announces a body and never ends it costs what has arrived of
 * it, and a limit of requests a second does not bound how many are held at once.
 */
export class BodyBudget {
  readonly limits: BodyLimits;
  /** Only users with an unfinished body. */
  readonly #byUser = new Map<string, Usage>();
  readonly #all: Usage = { bodies: 0, bytes: 0 };

  constructor(limits: BodyLimits = BODY_LIMITS) {
    this.limits = limits;
  }

  /** What is held now. */
  get held(): Readonly<Usage> {
    return this.#all;
  }

  /**
   * @throws ProblemError `rate_limited` when the user has too many in progress, `unavailable` when all users together
   * do.
   */
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
