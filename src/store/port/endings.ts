import type { Device, TokenOwner, UserRef } from '../../domain/model.ts';
import type { PresenceEnding } from '../log-entry.ts';

/** Endings of users, and the list of tokens that are refused. */
export interface Endings {
  /**
   * Ends every connection, session and grace of a user as of now, and instructs all nodes to close their sockets.
   * Errors as `Views.read`.
   */
  end(ref: UserRef, how: PresenceEnding): Promise<void>;
  /**
   * Ends the connections, sessions and grace of one kind of device, and instructs all nodes to close its sockets with
   * 4403. Errors as `Views.read`.
   */
  disconnect(ref: UserRef, device: Device): Promise<void>;
  /**
   * Refuses the tokens of an owner. Without `before` (ms) these are all tokens issued up to now, whatever the clocks
   * of issuers say, and everything of the user ends with them. With it these are exactly the tokens issued before it:
   * sessions kept alive with one end, and nodes close the connections. With `WRITE_REPLICAS` it is answered once the
   * replicas have it. Errors as `Views.read`.
   */
  revoke(owner: TokenOwner, before?: number): Promise<void>;
  /** Forgets everything of a user, except a revocation that is still needed. Errors as {@link end}. */
  forget(ref: UserRef): Promise<void>;
  /** Revocations that still refuse tokens, of all partitions. Errors as `Views.read`. */
  revocations(): Promise<Revocation[]>;
  /**
   * Sends revocations again that the store may have lost, all of one partition and at most `MAX_BATCH`. Of each
   * owner the one that refuses most counts, one that is no longer needed is not stored, and nodes are notified of
   * those that were not known. Possible from the partition's first heartbeat on, also while reads are not. Errors as
   * `Views.read`.
   */
  refuse(partition: number, revocations: readonly Revocation[]): Promise<void>;
}

/**
 * Tokens of an owner that are refused: those without `iat`, and those issued up to 5 s after the second `at`. A fraction of
 * `at` takes off as many ms: see `refusedBefore` of the domain.
 */
export type Revocation = TokenOwner & { readonly at: number };
