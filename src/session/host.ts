import type { BaseLogger } from 'pino';
import type { Authenticator, Principal } from '../auth/principal.ts';
import type { Settings } from '../config/settings.ts';
import type { EventFeed } from '../events/feed.ts';
import type { FairTurns } from '../fanout/fair-turns.ts';
import type { Fanout } from '../fanout/fanout.ts';
import type { Health, Membership } from '../node/membership.ts';
import type { Observers } from '../node/observers.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { Capacity } from '../time/capacity.ts';
import type { Clock } from '../time/clock.ts';
import type { TimerWheel } from '../time/timer-wheel.ts';
import type { HeldBytes } from './held-bytes.ts';
import type { Intake } from './intake.ts';
import type { Typists } from './typing.ts';
import type { TypingDesk } from './typing-desk.ts';
import type { Unauthenticated } from './unauthenticated.ts';

/** The settings that sockets depend on. */
export type SessionSettings = Pick<
  Settings,
  | 'redisCommandTimeoutMs'
  | 'drainGraceMs'
  | 'idleAwayMs'
  | 'pingIntervalMs'
  | 'pingTimeoutMs'
  | 'authTimeoutMs'
  | 'maxConnectionsPerUser'
  | 'maxUnauthenticated'
  | 'maxUnauthenticatedPerAddress'
  | 'frameRate'
  | 'frameBurst'
  | 'watchPolicy'
  | 'offlineGraceMs'
  | 'maxFrameBytes'
  | 'maxWatches'
  | 'maxPlacesPerConnection'
  | 'placePolicy'
>;

/** What all connections of a node share, from outside. */
export interface SessionDeps {
  readonly settings: SessionSettings;
  readonly authenticator: Authenticator;
  /** Whether a token was revoked since it was verified. */
  readonly isRevoked: (principal: Principal) => boolean;
  readonly membership: Membership;
  readonly observers: Observers;
  readonly fanout: Fanout;
  readonly feed: Pick<EventFeed, 'subscribe' | 'signal'>;
  readonly health: Health;
  readonly metrics: Metrics;
  /** The monotonic one is that of the membership, which compares its times with those of sessions. */
  readonly clock: Clock;
  /** Counts the sockets, also those that have not signed in or are closing. */
  readonly capacity: Capacity;
  /** Bytes that unfinished messages of all connections may take; by default what suits a node. */
  readonly maxUnfinishedBytes?: number;
  /** Characters of frames that may wait for their turns, of all connections; by default what suits a node. */
  readonly maxWaitingFrames?: number;
  /** The turns of all who want something of this node. */
  readonly turns: FairTurns;
  /** 0 to below 1. */
  readonly random: () => number;
  readonly log: Pick<BaseLogger, 'debug' | 'error'>;
}

/** Where a connection lives: its node's shared parts. A connection keeps one reference for all of them. */
export interface SessionHost extends SessionDeps {
  readonly wheel: TimerWheel;
  readonly intake: Intake;
  readonly unauthenticated: Unauthenticated;
  readonly typing: TypingDesk;
  readonly typists: Typists;
  /** What messages that have begun and not ended take. */
  readonly unfinished: HeldBytes<{ giveUp(): void }>;
  /** The socket is gone; nothing of it will happen any more. */
  gone(session: object): void;
}
