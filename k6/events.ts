// Backend services follow everybody over Server-Sent Events while people change: nothing may be missing, in order, across
// a stream that ends and is resumed by its cursor on another node.
import http, { type RefinedResponse } from 'k6/http';
import { afterwards, arrive, crowd, leaveAll } from './lib/crowd.ts';
import { beginAtZero, missed, seen } from './lib/metrics.ts';
import { once, optionsOf } from './lib/options.ts';
import { NODES, SECONDS } from './lib/settings.ts';
import { summaryOf } from './lib/summary.ts';
import { backends } from './lib/tokens.ts';

interface Change {
  readonly user: string;
  readonly ver: number;
  readonly text?: string;
}

export const options = optionsOf({ people: once() }, { rollcall_seen_changes: ['count>0'] });
export const handleSummary = summaryOf('events');

/** k6 gives a body only once it is complete: a stream ends with its token, and these are short. */
const TIMEOUT = '600s';

/** Whether there is an event stream at all: without its scope it answers 403, else it is not there. */
export const setup = (): { readonly isThere: boolean } => {
  beginAtZero();
  const isThere = http.get(`${NODES[0]}/v1/events`).status !== 404;
  if (!isThere) console.warn('this release has no /v1/events: nothing to see here');
  return { isThere };
};

/** Blocks of lines, each `name: value`; comments have no name. */
const blocksOf = (body: string): Map<string, string>[] =>
  body
    .split('\n\n')
    .map(
      (block) =>
        new Map(
          block
            .split('\n')
            .map(
              (line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()] as const,
            ),
        ),
    );

/** One service: reads the stream of each of its tokens to the end, every time on the next node, from its last cursor. */
const follow = async (users: readonly string[]): Promise<Change[]> => {
  const changes: Change[] = [];
  let cursor: string | undefined;
  for (const [turn, token] of backends.entries()) {
    const node = NODES[turn % NODES.length];
    const headers = {
      Authorization: `Bearer ${token}`,
      ...(cursor !== undefined && { 'Last-Event-ID': cursor }),
    };
    const answer: RefinedResponse<'text'> = await http.asyncRequest(
      'GET',
      `${node}/v1/events?users=${users.join(',')}`,
      null,
      { headers, timeout: TIMEOUT, responseType: 'text', tags: { name: 'events' } },
    );
    // The token ran out while another one was still being read: the next one goes on from the same cursor.
    if (answer.status === 401) continue;
    for (const block of blocksOf(answer.body)) {
      cursor = block.get('id') ?? cursor;
      if (block.get('event') === 'reset') missed.add(1, { why: 'reset' });
      const data = block.get('data');
      if (block.get('event') === 'transition' && data !== undefined)
        changes.push(JSON.parse(data).data as Change);
    }
  }
  return changes;
};

export default ({ isThere }: { readonly isThere: boolean }): void => {
  if (!isThere) return;
  const acked = new Set<string>();
  const stored = { onAck: (ref: string) => acked.add(ref) };
  const people = crowd(stored, stored);
  const users = people.map(({ user }) => user);
  arrive(people);
  let turn = 0;
  const say = (): void => {
    const person = people[turn % people.length];
    const text = `change ${turn++}`;
    if (person?.isHere !== true) return;
    person.send({ type: 'status', status: turn % 2 === 0 ? 'busy' : 'away', text, ref: text });
  };
  const following = follow(users);
  afterwards(() => {
    const timer = setInterval(say, 100);
    afterwards(() => clearInterval(timer), Math.max(1, SECONDS - 6));
  }, 3);
  void following.then((changes) => {
    leaveAll(people);
    const told = new Set(changes.map(({ text }) => text));
    seen.add(told.size);
    missed.add([...acked].filter((text) => !told.has(text)).length);
  });
};
