// Made from src/protocol of the service by `npm run docs`: do not edit. It is all that client and service share.

import type { ErrorCode } from './codes.ts';

/** What others see. */
export type Status = 'online' | 'away' | 'busy' | 'offline';

/** what the person says of themselves, also while offline */
export interface Note {
  readonly text?: string;
  readonly emoji?: string;
  /** when it ends by itself */
  readonly until?: string;
}

/** What others see of one user. */
export interface Presence {
  /** 1 to 128 bytes of UTF-8 without control characters, not `.` or `..` */
  readonly user: string;
  /** what others see */
  readonly status: Status;
  /** when the status began; absent of users never seen; of who is offline or away as `LAST_SEEN` allows */
  readonly since?: string;
  /** rises with every change: drop what is not newer than what you hold; 0 of users never seen */
  readonly ver: number;
  /** when the user was last active; absent while online */
  readonly lastSeen?: string;
  /** display name */
  readonly name?: string;
  /** what the person says of themselves, also while offline */
  readonly note?: Note;
  readonly text?: string;
  readonly emoji?: string;
  /** when the claimed status ends */
  readonly until?: string;
  /** kinds of device alive; absent while offline */
  readonly devices?: readonly ('web' | 'desktop' | 'mobile' | 'api' | 'agent')[];
}

/** What others see of the person, and what they have set. */
export interface Self {
  /** what others see */
  readonly status: Status;
  /** others see offline because the person wishes so */
  readonly invisible?: true;
  /** the status the person has set */
  readonly claim?: {
    readonly status: 'online' | 'away' | 'busy' | 'invisible';
    /** with something to see, without control characters and characters that control direction; empty is none */
    readonly text?: string;
    /** one emoji */
    readonly emoji?: string;
    /** when it ends by itself: in the future */
    readonly until?: string;
  };
  /** what the person says of themselves */
  readonly note?: Note;
}

/** Signed in, or renewed. */
export interface WelcomeFrame {
  readonly type: 'welcome';
  /** 1 to 128 bytes of UTF-8 without control characters, not `.` or `..` */
  readonly user: string;
  readonly tenant: string;
  /** when the token ends, and the connection with it unless it is renewed */
  readonly expiresAt: string;
  /** silence after which this device counts as idle; 0: never */
  readonly idleAfterMs: number;
  /** how often the server pings */
  readonly pingIntervalMs: number;
  /** how long the server waits for a sign of life after a ping */
  readonly pingTimeoutMs: number;
  /** how long a lost connection still counts: who is back within it was never gone */
  readonly graceMs: number;
  /** now */
  readonly serverTime: string;
  /** what this connection may send and hold */
  readonly limits: {
    /** a longer frame closes the connection with 1009 */
    readonly frameBytes: number;
    /** frames a second */
    readonly frameRate: number;
    /** frames at once */
    readonly frameBurst: number;
    /** users watched at once; the members of a group count each */
    readonly watches: number;
    /** of places; of data that change faster the newest are shown */
    readonly place: {
      /** changes of data a second in one place */
      readonly rate: number;
      /** changes of data at once */
      readonly burst: number;
      /** bytes of data as JSON */
      readonly dataBytes: number;
      /** places that this connection may be in */
      readonly places: number;
    };
  };
  /** what others see, and what the person has set; absent while that is not known */
  readonly self?: Self;
  /** the one of the frame that this answers */
  readonly ref?: string;
}

/** What others see of the person, or what they have set, has changed. Every connection of theirs gets it. */
export interface SelfFrame {
  readonly type: 'self';
  /** what others see */
  readonly status: Status;
  /** others see offline because the person wishes so */
  readonly invisible?: true;
  /** the status the person has set */
  readonly claim?: {
    readonly status: 'online' | 'away' | 'busy' | 'invisible';
    /** with something to see, without control characters and characters that control direction; empty is none */
    readonly text?: string;
    /** one emoji */
    readonly emoji?: string;
    /** when it ends by itself: in the future */
    readonly until?: string;
  };
  /** what the person says of themselves */
  readonly note?: Note;
}

/** What others see of some users: the answer to `watch`, or changes. */
export interface PresenceFrame {
  readonly type: 'presence';
  readonly users: readonly Presence[];
  /** the answer to `watch` */
  readonly snapshot?: true;
  /** further frames of the same answer follow */
  readonly more?: true;
  /** in the snapshot of a watched group: these are its members, online or not */
  readonly group?: string;
  /** the one of the frame that this answers */
  readonly ref?: string;
}

/** Who is in a place, who came or told other data, who left. */
export interface PlaceFrame {
  readonly type: 'place';
  /** 1 to 128 bytes of UTF-8 without control characters, not `.` or `..` */
  readonly place: string;
  readonly users?: readonly {
    /** 1 to 128 bytes of UTF-8 without control characters, not `.` or `..` */
    readonly user: string;
    /** display name */
    readonly name?: string;
    /** what they said of themselves here */
    readonly data?: Readonly<Record<string, unknown>>;
    /** when they were last seen to come, as `LAST_SEEN` allows */
    readonly since?: string;
    /** rises with every change of this user in this place: drop what is not newer than what you hold */
    readonly ver: number;
  }[];
  /** who left */
  readonly left?: readonly {
    /** 1 to 128 bytes of UTF-8 without control characters, not `.` or `..` */
    readonly user: string;
    /** when they left, as `LAST_SEEN` allows */
    readonly at?: string;
    /** rises with every change of this user in this place: drop what is not newer than what you hold */
    readonly ver: number;
  }[];
  /** how many are there, where only those who are there longest are named */
  readonly total?: number;
  /** the place outgrew a watch by name: from now on those who are there longest, and `total` */
  readonly truncated?: true;
  /** what you hold of the place is replaced */
  readonly snapshot?: true;
  /** further frames of the same answer follow */
  readonly more?: true;
  /** the one of the frame that this answers */
  readonly ref?: string;
}

/** Numbers of a group, a place or the tenant: the answer to `watch` with `count`, or news. */
export interface CountFrame {
  readonly type: 'count';
  readonly of: {
    readonly group: string;
  } | {
    readonly place: string;
  } | {
    readonly tenant: true;
  };
  /** of a tenant */
  readonly online?: number;
  /** of a tenant */
  readonly away?: number;
  /** of a tenant */
  readonly busy?: number;
  /** of a group or a place: who is not offline */
  readonly present?: number;
  /** of a group or a place: all of them */
  readonly members?: number;
  /** the one of the frame that this answers */
  readonly ref?: string;
}

/** Who joined and who left a watched group: after the last frame of its snapshot, whatever else changes of them. */
export interface MembersFrame {
  readonly type: 'members';
  readonly group: string;
  /** each was shown before by `presence` */
  readonly joined?: readonly string[];
  /** those who are not watched for another reason are named in a `gone` frame that follows */
  readonly left?: readonly string[];
}

/** You get these no longer: forget what you hold, `ver` included. */
export interface GoneFrame {
  readonly type: 'gone';
  /** users */
  readonly users?: readonly string[];
  /** groups */
  readonly groups?: readonly string[];
  /** places: no longer watched, and of those entered that you are out of them */
  readonly places?: readonly string[];
  /** the watch of the tenant */
  readonly tenant?: true;
}

/** Somebody types, or stopped. Gone after 6 s unless repeated. */
export interface TypingFrame {
  readonly type: 'typing';
  /** 1 to 128 bytes of UTF-8 without control characters, not `.` or `..` */
  readonly from: string;
  /** the group in which they type */
  readonly group?: string;
  /** the place in which they type; without either you alone are meant */
  readonly place?: string;
  readonly on: boolean;
}

/** Done. */
export interface AckFrame {
  readonly type: 'ack';
  /** the one of the frame that this answers */
  readonly ref?: string;
}

/** The answer to `ping`. */
export interface PongFrame {
  readonly type: 'pong';
  /** the one of the frame that this answers */
  readonly ref?: string;
}

/** What was asked is not done; the connection stays. */
export interface ErrorFrame {
  readonly type: 'error';
  /** for programs; stable */
  readonly code: ErrorCode;
  /** for people; may change */
  readonly message: string;
  /** the one of the frame that this answers */
  readonly ref?: string;
  /** those of a `watch` that were refused */
  readonly users?: readonly string[];
  /** those of a `watch` that were refused */
  readonly groups?: readonly string[];
  /** those that were refused */
  readonly places?: readonly string[];
}

/** This node is going away: come back after that long, somewhere else. */
export interface ReconnectFrame {
  readonly type: 'reconnect';
  readonly afterMs: number;
}

/** What you see may be stale, or is fresh again. */
export interface DegradedFrame {
  readonly type: 'degraded';
  readonly on: boolean;
}

/** Every frame that a client gets, by its `type`. */
export type ServerFrame =
  | WelcomeFrame
  | SelfFrame
  | PresenceFrame
  | PlaceFrame
  | CountFrame
  | MembersFrame
  | GoneFrame
  | TypingFrame
  | AckFrame
  | PongFrame
  | ErrorFrame
  | ReconnectFrame
  | DegradedFrame;

export interface SendAuth {
  readonly type: 'auth';
  /** Repeated in the answer. */
  readonly ref?: string;
  readonly token: string;
  readonly activity?: 'active' | 'idle';
}

export interface SendWatch {
  readonly type: 'watch';
  /** Repeated in the answer. */
  readonly ref?: string;
  readonly users?: readonly string[];
  readonly groups?: readonly string[];
  readonly places?: readonly string[];
  readonly tenant?: true;
  /** Numbers instead of people, of groups, places or the tenant. */
  readonly count?: true;
  /** Of places only so many, those who are there longest, and how many there are. */
  readonly top?: number;
}

export interface SendUnwatch {
  readonly type: 'unwatch';
  /** Repeated in the answer. */
  readonly ref?: string;
  readonly users?: readonly string[];
  readonly groups?: readonly string[];
  readonly places?: readonly string[];
  readonly tenant?: true;
  /** Numbers instead of people, of groups, places or the tenant. */
  readonly count?: true;
}

export interface SendActivity {
  readonly type: 'activity';
  /** Repeated in the answer. */
  readonly ref?: string;
  readonly state: 'active' | 'idle';
}

export interface SendStatus {
  readonly type: 'status';
  /** Repeated in the answer. */
  readonly ref?: string;
  readonly status: unknown;
  readonly text?: unknown;
  readonly emoji?: unknown;
  readonly until?: unknown;
}

export interface SendNote {
  readonly type: 'note';
  /** Repeated in the answer. */
  readonly ref?: string;
  readonly text?: unknown;
  readonly emoji?: unknown;
  readonly until?: unknown;
}

export interface SendEnter {
  readonly type: 'enter';
  /** Repeated in the answer. */
  readonly ref?: string;
  readonly place: string;
  readonly data?: unknown;
}

export interface SendLeave {
  readonly type: 'leave';
  /** Repeated in the answer. */
  readonly ref?: string;
  readonly place: string;
}

export interface SendTyping {
  readonly type: 'typing';
  /** Repeated in the answer. */
  readonly ref?: string;
  readonly to: {
    readonly user: string;
  } | {
    readonly group: string;
  } | {
    readonly place: string;
  };
  readonly on: boolean;
}

export interface SendPing {
  readonly type: 'ping';
  /** Repeated in the answer. */
  readonly ref?: string;
}

export interface SendBye {
  readonly type: 'bye';
  /** Repeated in the answer. */
  readonly ref?: string;
}

/** Every frame that a client may send, by its `type`. */
export type ClientFrame =
  | SendAuth
  | SendWatch
  | SendUnwatch
  | SendActivity
  | SendStatus
  | SendNote
  | SendEnter
  | SendLeave
  | SendTyping
  | SendPing
  | SendBye;
