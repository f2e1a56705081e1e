import type { Status, StopReason } from '../types.ts';

/** Every word that the components show or say. Give those of your language to the provider. */
export interface Labels {
  readonly status: Readonly<Record<Status, string>>;
  readonly unknown: string;
  /** Behind a status that may have changed meanwhile. */
  readonly stale: (status: string) => string;
  readonly lastSeen: (ago: string) => string;
  readonly onlineUsers: string;
  readonly noUsers: string;
  readonly more: (count: number) => string;
  readonly inPlace: string;
  readonly typing: (names: readonly string[]) => string;
  readonly ownStatus: string;
  readonly choices: Readonly<Record<'automatic' | 'busy' | 'away' | 'invisible', string>>;
  readonly clearAfter: string;
  readonly never: string;
  readonly note: string;
  readonly save: string;
  readonly saved: string;
  readonly failed: string;
  readonly reconnecting: string;
  readonly degraded: string;
  readonly stopped: Readonly<Record<StopReason, string>>;
  readonly connectAgain: string;
}

const someOf = (names: readonly string[]): string => {
  const [first, second] = names;
  if (names.length === 1) return `${first} is typing…`;
  if (names.length === 2) return `${first} and ${second} are typing…`;
  return 'Several people are typing…';
};

export const ENGLISH: Labels = {
  status: { online: 'Online', away: 'Away', busy: 'Busy', offline: 'Offline' },
  unknown: 'Unknown',
  stale: (status) => `${status}, may be out of date`,
  lastSeen: (ago) => `seen ${ago}`,
  onlineUsers: 'People',
  noUsers: 'No one is here',
  more: (count) => `${count} more`,
  inPlace: 'Who is here',
  typing: someOf,
  ownStatus: 'Your status',
  choices: { automatic: 'Automatic', busy: 'Busy', away: 'Away', invisible: 'Invisible' },
  clearAfter: 'Clear after',
  never: 'Never',
  note: 'Note',
  save: 'Save',
  saved: 'Saved',
  failed: 'Not saved. Try again.',
  reconnecting: 'Connection lost. Reconnecting…',
  degraded: 'Statuses may be out of date.',
  stopped: {
    closed: 'Disconnected.',
    signed_out: 'You are signed out.',
    forbidden: 'Your access was revoked.',
    replaced: 'Too many windows are open. This one was disconnected.',
    unauthorized: 'Your session has expired.',
    protocol_error: 'Something went wrong with the connection.',
  },
  connectAgain: 'Connect',
};
