import type { Refused, Watcher } from '../fanout/fanout.ts';
import type { Leaving } from '../node/membership.ts';
import type { AuthFrame } from '../protocol/client-frames.ts';
import type { CloseCodeNumber, ErrorCode } from '../protocol/codes.ts';
import type { SessionHost } from './host.ts';
import type { Identity } from './identity.ts';
import type { Listener } from './listener.ts';
import type { Typing } from './typing.ts';

/** A session as the handlers of its frames see it. */
export interface ClientSession extends Listener {
  readonly host: SessionHost;
  readonly identity: Identity;
  /** What this connection says of typing; made when first needed. */
  readonly typing: Typing;
  /** Made when first needed: most connections of a large service watch no user. */
  readonly watcher: Watcher;
  /** Whether there is a watcher already. */
  readonly watches: boolean;

  send(frame: string): void;
  sendError(code: ErrorCode, message: string, ref?: string, refused?: Refused): void;
  /**
   * @param reason - for people who debug a client; cut at 123 bytes.
   * @param how - what it means for presence; by default the grace begins.
   */
  close(code: CloseCodeNumber, reason: string, how?: Leaving): void;
  /** Renews the token; frames that come meanwhile are handled afterwards, by what it says. */
  renew(frame: AuthFrame): Promise<void>;
}
