import type { WebSocket } from 'ws';
import type { CloseCodeNumber } from '../protocol/codes.ts';

const ignore = (): void => undefined;

/** Closes a socket that never becomes a connection. What it sends is not read. */
export const refuseSocket = (
  ws: WebSocket,
  code: CloseCodeNumber,
  reason: string,
  gone: () => unknown,
): void => {
  ws.removeAllListeners();
  ws.on('error', ignore);
  ws.on('close', gone);
  ws.close(code, reason);
};
