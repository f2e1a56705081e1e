/** Something the service promised and a run did not find. */
export interface Violation {
  /** Name of the rule. */
  readonly rule: string;
  readonly at: number;
  readonly user?: string;
  readonly what: string;
}
