import type { Principal } from '../auth/principal.ts';
import type { TokenOwner } from '../domain/model.ts';
import type { Refused, Watcher } from '../fanout/fanout.ts';
import type { Leaving, Member } from '../node/membership.ts';
import type { CloseCodeNumber, ErrorCode } from '../protocol/codes.ts';
import type { SelfView } from '../store/port/views.ts';
import type { Activity } from './admission.ts';
import type { SessionHost } from './host.ts';
import type { Typing } from './typing.ts';

/** A session as the handlers of its frames see it. */
export interface ClientSession extends Member {
  readonly host: SessionHost;
  /** Its end was decided: answers that come later are dropped. */
  readonly over: boolean;
  /** The tenant that it is about: of its token, or the one that a service of all tenants named. */
  readonly tenant: string;
  /** Whose token it is. */
  readonly owner: TokenOwner;
  /** `?tenant=` of the upgrade, which a renewed token has to go with as well. */
  readonly askedTenant: string | undefined;
  /** Groups of the user: what the newest token says, as far as this node knows. */
  readonly groups: readonly string[];
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

  /** The first sign-in: the connection becomes present or an observer, and is welcomed. */
  enter(principal: Principal, ref?: string, activity?: Activity): void;
  /** What is said of the device while it becomes present. */
  opens(activity: Activity | undefined): void;
  /** Renews the token; frames that come meanwhile are handled afterwards, by what it says. */
  inTurn(renewal: () => Promise<void>): Promise<void>;
  /** The token was renewed. Nothing else changes by this alone. */
  replacePrincipal(principal: Principal): void;
  /** Takes away, with `gone`, what the token in force does not allow any more. */
  withdraw(): void;
  /** Registers this connection with the node in the role that its token allows, and then welcomes the client. */
  appear(ref?: string): void;
  /** The opposite of {@link appear}. */
  disappear(how: Leaving): void;
  /** Welcomes a client that is known to the node already. */
  welcome(self: SelfView | undefined, ref?: string): void;

  /** The person did something with this device. */
  wasActive(): void;
  /** The device is not in use. The last activity stays what it was. */
  wasIdle(): void;
}
