import type { ServerFrame } from '../protocol/frames.ts';
import type { Options, WebSocketClass, WebSocketLike } from '../types.ts';

const PROTOCOL = 'rollcall.v1';
const PATH = '/v1/ws';
const OPEN = 1;

export interface Heard {
  opened(): void;
  frame(frame: ServerFrame): void;
  lost(code: number, reason: string): void;
}

/** Both by text: not every platform has all of `URL`. */
export const httpUrl = (url: string | URL): string =>
  String(url)
    .replace(/^ws/, 'http')
    .replace(/[?#].*$/, '')
    .replace(/\/$|\/(v1\/)?ws$/, '');

export const socketUrl = ({ url, device, tenant }: Options, idle: boolean): string => {
  const [path = '', query] = String(url).replace(/^http/, 'ws').replace(/#.*$/, '').split('?');
  const asked = { device, tenant, activity: idle ? 'idle' : undefined };
  const given = Object.entries(asked).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
  );
  const whole = [...(query ? [query] : []), ...given].join('&');
  return `${path.replace(/^(wss?:\/\/[^/]+)\/?$/, `$1${PATH}`)}${whole && `?${whole}`}`;
};

const read = (data: unknown): ServerFrame | undefined => {
  try {
    const frame: unknown = JSON.parse(String(data));
    return typeof frame === 'object' && frame !== null && 'type' in frame
      ? (frame as ServerFrame)
      : undefined;
  } catch {
    // Nothing that this service sends: nothing follows from it.
    return undefined;
  }
};

/** One WebSocket. After {@link hangUp} nothing is heard of it. */
export class Socket {
  readonly #socket: WebSocketLike;

  /** @param token - for the subprotocol; without it the first frame has one. */
  constructor(WebSocket: WebSocketClass, url: string, token: string | undefined, heard: Heard) {
    const socket = new WebSocket(url, token === undefined ? [PROTOCOL] : [PROTOCOL, `bearer.${token}`]);
    this.#socket = socket;
    socket.onopen = () => heard.opened();
    socket.onmessage = ({ data }: { readonly data: unknown }) => {
      const frame = read(data);
      if (frame) heard.frame(frame);
    };
    // A close follows each error, and says no less. The package `ws` throws errors that nobody listens to.
    socket.onerror = () => {};
    socket.onclose = ({ code, reason }: { readonly code: number; readonly reason: string }) =>
      heard.lost(code, reason);
  }

  send(frame: object): void {
    if (this.#socket.readyState === OPEN) this.#socket.send(JSON.stringify(frame));
  }

  hangUp(): void {
    this.#socket.onopen = null;
    this.#socket.onmessage = null;
    this.#socket.onclose = null;
    this.#socket.close();
  }
}
