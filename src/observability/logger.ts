import { type DestinationStream, type Logger, pino } from 'pino';
import type { Settings } from '../config/settings.ts';
import { scrubLine, scrubText, scrubUrl } from './scrub.ts';

export interface LoggerOptions {
  readonly level: Settings['logLevel'];
  /** Random id of this process, in every line. */
  readonly node: string;
  /** The label `NODE_NAME`, for people. */
  readonly nodeName?: string;
}

/** Of a request, as Node and Fastify describe it. */
interface RequestLike {
  readonly id?: unknown;
  readonly method?: string;
  readonly url?: string;
  readonly ip?: string;
  readonly socket?: { readonly remoteAddress?: string } | null;
}

/** No headers at all: none is worth the risk of logging a secret. */
const serializeRequest = (request: RequestLike) => ({
  id: request.id,
  method: request.method,
  url: request.url === undefined ? undefined : scrubUrl(request.url),
  remoteAddress: request.ip ?? request.socket?.remoteAddress,
});

const serializeResponse = (response: { readonly statusCode?: number }) => ({
  statusCode: response.statusCode,
});

const MAX_CAUSES = 5;
/** Lines are buffered here while standard output is not read. Beyond it lines are dropped and the process lives on. */
const MAX_BUFFERED_BYTES = 8 * 1024 * 1024;

interface LoggedError {
  readonly type: string;
  readonly message: string;
  readonly code?: string | number;
  readonly stack?: string;
  readonly cause?: unknown;
}

/**
 * Only what is known to be harmless: libraries attach whole commands, with all their arguments, to their errors.
 * Anything may be thrown, so anything may come in.
 */
const serializeError = (error: unknown, depth = 0): unknown => {
  if (!(error instanceof Error))
    return typeof error === 'string' ? scrubText(error) : `${typeof error} thrown`;
  const { code } = error as { code?: unknown };
  const logged: LoggedError = {
    type: error.name,
    message: scrubText(error.message),
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
    ...(error.stack !== undefined && { stack: scrubText(error.stack) }),
    ...(error.cause !== undefined && depth < MAX_CAUSES && { cause: serializeError(error.cause, depth + 1) }),
  };
  return logged;
};

/**
 * The logger of one process: JSON lines, times in RFC 3339. Requests and errors pass serializers that drop what may
 * hold a token, and every finished line is searched once more for fields, headers and texts that are one: the next
 * place that logs a token is not known today.
 */
export const createLogger = (options: LoggerOptions, destination?: DestinationStream): Logger => {
  const serializers = {
    req: serializeRequest,
    request: serializeRequest,
    res: serializeResponse,
    reply: serializeResponse,
    err: (error: unknown) => serializeError(error),
    error: (error: unknown) => serializeError(error),
    reason: (reason: unknown) => (reason instanceof Error ? serializeError(reason) : reason),
    url: (url: unknown) => (typeof url === 'string' ? scrubUrl(url) : url),
  };
  return pino(
    {
      level: options.level,
      base: {
        name: 'rollcall',
        node: options.node,
        ...(options.nodeName !== undefined && { nodeName: options.nodeName }),
      },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers,
      hooks: { streamWrite: scrubLine },
    },
    destination ?? pino.destination({ dest: 1, sync: false, maxLength: MAX_BUFFERED_BYTES }),
  );
};
