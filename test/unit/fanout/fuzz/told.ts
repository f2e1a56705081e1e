/** What the person at one connection may see, as the words say that reached it. */
export interface Rights {
  readonly users: boolean;
  readonly everyone: boolean;
  readonly groups: readonly string[];
}

export interface Asked {
  readonly users: readonly string[];
  readonly groups: readonly string[];
  readonly tenant: boolean;
}

/** What the node says it has registered. */
export interface Registered {
  readonly users: ReadonlySet<string>;
  readonly groups: ReadonlySet<string>;
  readonly tenant: boolean;
}

export interface ServerFrame {
  readonly type: string;
  readonly ref?: string;
  readonly snapshot?: true;
  readonly more?: true;
  readonly users?: readonly (string | Shown)[];
  readonly groups?: readonly string[];
  readonly tenant?: true;
  readonly group?: string;
  readonly joined?: readonly string[];
  readonly left?: readonly string[];
  readonly code?: string;
}

export interface Shown {
  readonly user: string;
  readonly status: string;
  readonly ver: number;
  readonly name?: string;
  readonly lastSeen?: string;
  readonly note?: { readonly text?: string };
  readonly devices?: readonly string[];
}
