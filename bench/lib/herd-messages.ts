/** What the benchmark tells a client process, one at a time. */
export type HerdCommand =
  /** Open one connection a token, at most so many at once; answered when each had its first frame or failed. */
  | {
      readonly do: 'open';
      readonly host: string;
      readonly port: number;
      readonly localAddress: string;
      readonly tokens: readonly string[];
      readonly inFlight: number;
    }
  /** The same, but so many a second however long each takes; answered with how long each waited for its first frame. */
  | {
      readonly do: 'open at a rate';
      readonly host: string;
      readonly port: number;
      readonly tokens: readonly string[];
      readonly perSecond: number;
    }
  /** Send one frame on every connection. */
  | { readonly do: 'send'; readonly frame: string }
  | { readonly do: 'count' }
  /** End every connection: with a goodbye, or by pulling the plug. */
  | { readonly do: 'close'; readonly goodbye: boolean };

export interface HerdAnswer {
  readonly open: number;
  /** Connections that never had a welcome, and attempts that were turned away and made again. */
  readonly failed: number;
  readonly again: number;
  /** Why the last connection failed that did. */
  readonly lastFailure?: string;
  /** Text frames received so far over all connections. */
  readonly frames: number;
  /** From the start of the connect to the `welcome`, ms; only after opening at a rate. */
  readonly waits?: readonly number[];
}
