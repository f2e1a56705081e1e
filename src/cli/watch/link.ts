import { WebSocket } from 'ws';
import { readFrame, type ServerFrame } from './frames.ts';
import type { Ending } from './reconnect.ts';
import { readDetail, shown } from './said.ts';

export interface LinkOptions {
  readonly url: URL;
  readonly token: string;
  readonly stop: AbortSignal;
  /** How much later than two pings the next frame may come, ms. Default 10 s. */
  readonly latenessMs?: number;
  /** Called in order for every frame that could be read. `send` is of this connection. */
  readonly onFrame: (frame: ServerFrame, send: (text: string) => void) => void;
}

const HANDSHAKE_MS = 10_000;
const MAX_PAYLOAD_BYTES = 16 * 1024 * 1024;
/** After a goodbye the node closes at once; one that does not is left. */
const GOODBYE_MS = 1_000;
const LATENESS_MS = 10_000;

const codeOf = (error: unknown): string =>
  error instanceof Error ? String((error as NodeJS.ErrnoException).code ?? error.message) : String(error);

const secondsOf = (header: string | undefined): number | undefined =>
  header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) : undefined;

/**
 * Holds one connection until it ends. Silence for longer than two pings is an end too: a cut cable sends nothing.
 * Stopping it sends a goodbye and waits a moment for the answer.
 */
export const hold = (options: LinkOptions): Promise<Ending> =>
  new Promise((resolve) => {
    const socket = new WebSocket(options.url, {
      headers: { authorization: `Bearer ${options.token}` },
      handshakeTimeout: HANDSHAKE_MS,
      maxPayload: MAX_PAYLOAD_BYTES,
      perMessageDeflate: false,
    });
    const { latenessMs = LATENESS_MS } = options;
    let ending: Ending = {};
    // Until the welcome gives the ping interval.
    let patienceMs = HANDSHAKE_MS;
    let silence: NodeJS.Timeout | undefined;

    const heard = (): void => {
      // After a goodbye only the close counts; otherwise a node that continues to send would be waited for without
      // end.
      if (options.stop.aborted) return;
      clearTimeout(silence);
      silence = setTimeout(() => socket.terminate(), patienceMs);
    };
    const goodbye = (): void => {
      clearTimeout(silence);
      const open = socket.readyState === WebSocket.OPEN;
      if (open) socket.send('{"type":"bye"}');
      silence = setTimeout(() => socket.terminate(), open ? GOODBYE_MS : 0);
    };

    socket.on('ping', heard);
    socket.on('message', (data: Buffer, binary) => {
      const frame = binary ? undefined : readFrame(data.toString());
      if (frame?.type === 'welcome') patienceMs = 2 * frame.pingIntervalMs + latenessMs;
      heard();
      if (!frame) return;
      if (frame.type === 'reconnect') ending = { ...ending, afterMs: frame.afterMs };
      options.onFrame(frame, (text) => socket.readyState === WebSocket.OPEN && socket.send(text));
    });
    socket.on('unexpected-response', (request, response) => {
      const retryAfterS = secondsOf(response.headers['retry-after']);
      ending = { status: response.statusCode ?? 0, ...(retryAfterS !== undefined && { retryAfterS }) };
      void readDetail(response).then((detail) => {
        ending = { ...ending, ...(detail !== undefined && { detail }) };
        request.destroy();
        socket.terminate();
      });
    });
    // A `close` follows every error.
    socket.on('error', (error) => {
      ending = { failure: codeOf(error), ...ending };
    });
    let opened = false;
    socket.on('open', () => {
      opened = true;
      heard();
    });
    socket.on('close', (code, reason) => {
      clearTimeout(silence);
      options.stop.removeEventListener('abort', goodbye);
      const detail = shown(reason.toString());
      resolve(opened ? { ...ending, code, ...(detail !== undefined && { detail }) } : ending);
    });
    if (options.stop.aborted) socket.terminate();
    else options.stop.addEventListener('abort', goodbye, { once: true });
  });
