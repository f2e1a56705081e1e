/** One change of a built file: `from` must be there, once. */
export interface Mutation {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** Bugs that the chaos suite must find. They exist only as changes to a copy of the build: the service has no switch. */
export const BUGS = {
  /** A node that was taken for dead goes on as if nothing had happened. */
  'no-fence': [
    {
      file: 'store/lua/apply.lua',
      from: "if fence >= epoch then return { 'fenced' } end",
      to: '',
    },
    {
      file: 'store/lua/apply.lua',
      from: "if gen ~= told or storedSeq < base then return { 'lost' } end",
      to: "if gen ~= told then return { 'lost' } end",
    },
    {
      file: 'store/lua/beat.lua',
      from: "local fenced = (tonumber(redis.call('GET', fenceKey)) or -1) >= epoch",
      to: 'local fenced = false',
    },
    {
      file: 'store/lua/beat.lua',
      from: 'logged < delivered or storedSeq < acked)',
      to: 'logged < delivered)',
    },
  ],
  /** What a broken link swallowed is never read from the log. */
  'no-gap-repair': [
    {
      file: 'events/partition-feed.js',
      from: 'if (message.before > this.#last) {',
      to: 'if (false) {',
    },
    {
      file: 'events/partition-feed.js',
      from: 'if (this.#repairing || this.#last < 0)',
      to: 'if (true)',
    },
    {
      file: 'events/partition-feed.js',
      from: 'return this.isBehind(gen, last);',
      to: 'return false;',
    },
  ],
  /** A node tells how many connections came or went instead of how many there are. */
  increments: [
    {
      file: 'node/holding.js',
      from: 'count: members.length,',
      to: 'count: (() => { const told = this.told ?? 0; this.told = members.length; return 1000 + this.told - told; })(),',
    },
    {
      file: 'store/lua/apply.lua',
      from: '    local row = Entries.load(entry)\n',
      to:
        '    local row = Entries.load(entry)\n    local had = 0\n' +
        '    for _, part in ipairs(row.parts) do if part.node == node then had = part.count end end\n' +
        '    count = max(0, had + count - 1000)\n',
    },
  ],
} as const satisfies Record<string, readonly Mutation[]>;

export type Bug = keyof typeof BUGS;
export const BUG_NAMES = Object.keys(BUGS) as Bug[];
