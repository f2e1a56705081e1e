/** Functions that Redis runs for us, as one library of its own (FUNCTION LOAD): the link loads it where it is missing. */
export interface FunctionLibrary {
  readonly name: string;
  readonly source: string;
  /** The name under which Redis knows a function of the library. */
  called(name: string): string;
}

/** A function's reply, before it is checked. */
export type RawReply = string | number | null | RawReply[];

/** A function gave an invalid reply: a bug, not a condition. */
export class UnexpectedReply extends Error {
  readonly code = 'unexpected_reply';
  constructor(name: string, reply: unknown) {
    super(`function ${name} answered ${JSON.stringify(reply)?.slice(0, 200)}`);
    this.name = 'UnexpectedReply';
  }
}
