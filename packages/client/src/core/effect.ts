import type { RollcallError } from '../errors.ts';
import type { ServerFrame } from '../protocol/frames.ts';
import type { PlaceData, PlatformEvent, TokenRequest } from '../types.ts';
import type { Key } from './keys.ts';

/** What the shell does for the core. */
export type Effect =
  | { readonly do: 'ask_token'; readonly request: number; readonly reason: TokenRequest['reason'] }
  | { readonly do: 'drop_token' }
  | { readonly do: 'dial'; readonly epoch: number; readonly token: string; readonly idle: boolean }
  /** Listens to the socket no longer, and closes it without waiting. */
  | { readonly do: 'hang_up' }
  | { readonly do: 'send'; readonly frame: object }
  | { readonly do: 'settle'; readonly id: number; readonly error?: RollcallError }
  | { readonly do: 'error'; readonly error: RollcallError }
  /** Browsers hide why a socket did not open: ask by HTTP. */
  | { readonly do: 'probe'; readonly token: string }
  | {
      readonly do: 'log';
      readonly level: 'debug' | 'warn';
      readonly message: string;
      readonly data?: object;
    };

/** What a watch takes or gives back. `top` counts for places, 0 is everybody. */
export interface Wish {
  readonly key: Key;
  readonly top: number;
  /** The watch, whose `ready` it belongs to. */
  readonly id: number;
}

/** What happens to a client. */
export type Event =
  | { readonly type: 'connect' | 'close' | 'reset' | 'tick' | 'active' | 'idle' }
  | { readonly type: 'leave'; readonly id: number }
  | { readonly type: 'token'; readonly request: number; readonly token: string | null }
  | { readonly type: 'token_failed'; readonly request: number; readonly message: string }
  | { readonly type: 'opened'; readonly epoch: number }
  | { readonly type: 'frame'; readonly epoch: number; readonly frame: ServerFrame }
  | { readonly type: 'lost'; readonly epoch: number; readonly code: number; readonly reason: string }
  | { readonly type: 'wish'; readonly take: readonly Wish[]; readonly give: readonly Wish[] }
  | { readonly type: 'say'; readonly what: 'status' | 'note'; readonly frame: object; readonly id: number }
  | { readonly type: 'abort'; readonly id: number }
  | {
      readonly type: 'enter';
      readonly place: string;
      readonly data: PlaceData | undefined;
      readonly id: number;
      readonly isUpdate: boolean;
    }
  | { readonly type: 'exit'; readonly place: string; readonly id: number }
  | { readonly type: 'typing'; readonly key: Key; readonly to: object; readonly on: boolean }
  | { readonly type: 'typed'; readonly key: Key; readonly from: string }
  | { readonly type: 'page'; readonly event: PlatformEvent };
