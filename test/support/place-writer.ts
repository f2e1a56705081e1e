import type { PlaceChange } from '../../src/domain/place.ts';
import type { PartitionKeys } from '../../src/redis/keys.ts';
import type { RedisLink } from '../../src/redis/link.ts';
import { Library } from '../../src/store/redis/library.ts';
import { ownTime } from './own-time.ts';

/** The functions, and one more that records what it is told of places, as any function does. */
export const withPlaceWriter = (): Library =>
  new Library(
    (text) => `${ownTime(text)}
do
-- KEYS: 1 meta  2 log  3 events   ARGV: 1 policy, then of each change: place, user, change, data, since, ver, changed 0|1
-- Reply: since, ver, changed 0|1 of each
local function tell(keys, args)
  open(keys, args, 0)
  local reply = {}
  for i = 2, #args, 7 do
    local entry = Entries.open({ name = 'acme' }, args[i + 1], '', nil)
    Entries.load(entry)
    local data = args[i + 3]
    local stay = { data = data ~= '' and data or nil, since = args[i + 4] + 0, ver = args[i + 5] + 0, changed = args[i + 6] == '1' }
    Commit.place(entry, args[i], stay, args[i + 2], 'data')
    reply[#reply + 1], reply[#reply + 2], reply[#reply + 3] = digits(stay.since), digits(stay.ver), stay.changed and '1' or '0'
  end
  Commit.writeLog(keys[2])
  Commit.publish(keys[3])
  return reply
end
define('tell', tell)
end
`,
  );

export type Told = readonly [place: string, user: string, change: PlaceChange, data?: string];

/** Writes into the log of places without any rule: tests of the log decide themselves what happened. */
export class PlaceWriter {
  readonly #link: RedisLink;
  readonly #policy: string;
  readonly #stays = new Map<string, readonly string[]>();

  constructor(link: RedisLink, policy: string) {
    this.#link = link;
    this.#policy = policy;
  }

  /** @param isHeard - `false`: the message is lost, and only the log has it. */
  async tell({ meta, log, events }: PartitionKeys, changes: readonly Told[], isHeard = true): Promise<void> {
    const args = changes.flatMap(([place, user, change, data = '']) => {
      const stay = this.#stays.get(`${place} ${user}`) ?? ['0', '0', '0'];
      return [place, user, change, data, ...stay];
    });
    const channel = isHeard ? events : `${events}-unheard`;
    const stays = (await this.#link.run('tell', [meta, log, channel], [this.#policy, ...args])) as string[];
    changes.forEach(([place, user], i) => {
      this.#stays.set(`${place} ${user}`, stays.slice(3 * i, 3 * i + 3));
    });
  }
}
