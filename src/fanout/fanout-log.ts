/** The part of a logger that fan-out uses; pino's has this shape. */
export interface FanoutLog {
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}
