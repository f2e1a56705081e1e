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
}
