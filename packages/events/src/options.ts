import type { Sink } from './sink.ts';

/** Which events come. Every kind that is given has to match. */
export interface Filter {
  /** Ids without a comma. */
  readonly users?: readonly string[];
  readonly groups?: readonly string[];
  readonly status?: readonly ('online' | 'away' | 'busy' | 'offline')[];
  /** Places besides: ids, prefixes that end in `*` (`doc:*`), or `*`. Without it no event of a place comes. */
  readonly places?: readonly string[];
}

export interface TokenRequest {
  /** `rejected`: the last one was refused; the next refusal ends everything. */
  readonly reason: 'connect' | 'rejected';
  readonly signal: AbortSignal;
}

/** What a follower is doing, for logs and metrics. */
export type FollowState =
  | { readonly state: 'connecting' }
  /** The stream is open. */
  | { readonly state: 'following' }
  /** The snapshot is being read; `read` counts the users so far. */
  | { readonly state: 'snapshot'; readonly read: number }
  /** The next attempt is in `ms`. Without an error the stream ended in order, for instance with its token. */
  | { readonly state: 'waiting'; readonly ms: number; readonly error?: Error }
  /** The sink has been working for `ms`. After a minute the server closes a stream that takes nothing. */
  | { readonly state: 'slow_sink'; readonly ms: number };

export interface EventsOptions {
  /** Address of Rollcall, for instance `https://presence.example.com`; a path in front of `/v1` is kept. */
  readonly url: string | URL;
  /** Called for each connection: a token with the scope `events`, and `read` for `follow`. */
  getToken(request: TokenRequest): string | Promise<string>;
  /** Only with a token for every tenant: the one meant. */
  readonly tenant?: string;
  readonly filter?: Filter;
  /** Ends everything. */
  readonly signal?: AbortSignal;
  onState?(state: FollowState): void;
  /** Instead of the global `fetch`. */
  readonly fetch?: typeof fetch;
}

export interface FollowOptions extends EventsOptions {
  readonly sink: Sink;
  readonly signal: AbortSignal;
}
