import { Case } from '../checker/case.ts';
import { check, type RuleName } from '../checker/check.ts';
import { at } from '../checker/interval.ts';
import type { History, LogRecord, ShownRecord, Status } from '../history/history.ts';
import type { Bounds } from '../timings.ts';

/** A change of a recorded history that breaks a promise, and nothing else; undefined where the history has no place for it. */
type Witness = (run: Case) => Partial<History> | undefined;

/** How long before the end of a run something is planted: all is quiet there, and every promise is due, ms. */
const BEFORE_END_MS = 600;

const moment = ({ history }: Case): number => history.endedAt - BEFORE_END_MS;

/** Somebody who stays to the end and says nothing of how. */
const stayer = (run: Case): string | undefined =>
  run.history.users.find((user) => {
    const person = run.person(user);
    const owed = person.owed().find(({ from, to }) => from < moment(run) - 500 && to >= run.history.endedAt);
    const isStill = at(person.stays, moment(run) - 500)?.to === run.history.endedAt;
    return (
      isStill &&
      owed?.allowed.size === 1 &&
      owed.allowed.has('online') &&
      last(run, user)?.status === 'online'
    );
  });

/** Somebody who left before the end. */
const leaver = (run: Case): string | undefined =>
  run.history.users.find((user) => {
    const owed = run.person(user).owed().at(-1);
    const isGone =
      owed?.allowed.has('offline') && owed.from < moment(run) - 500 && owed.to >= run.history.endedAt;
    return isGone === true && owed?.why === 'is not connected' && last(run, user)?.status === 'offline';
  });

const last = (run: Case, user: string): LogRecord | undefined => run.logOf.get(user)?.at(-1);

/** Appended to the log and read by the backend, as the service would. */
const logged = (
  { history }: Case,
  user: string | undefined,
  turns: readonly (readonly [previous: Status, status: Status])[],
): Partial<History> | undefined => {
  if (user === undefined) return undefined;
  const now = history.endedAt - BEFORE_END_MS;
  const before = history.log.findLast((record) => record.user === user);
  const partition = before?.partition ?? 0;
  const gen = history.log.findLast((record) => record.partition === partition)?.gen ?? '';
  const log = turns.map(([previous, status], i): LogRecord => {
    const seenAt = now - 300 + 100 * i;
    const id = Math.round(seenAt * 1_000);
    return { seenAt, at: seenAt, partition, gen, id, user, status, previous, ver: id, reason: 'planted' };
  });
  const reads = log.map(
    ({ seenAt, ver, id }) => ({ kind: 'read', at: seenAt, partition, user, ver, id }) as const,
  );
  return { log: [...history.log, ...log], cursorReads: [...history.cursorReads, ...reads] };
};

/** What a watcher who stays to the end was told last of somebody. */
const toldLast = (run: Case, user: string | undefined): ShownRecord | undefined => {
  const staying = run.history.watchers.find(
    ({ readyAt, endAt, silences, slot }) =>
      readyAt !== undefined &&
      endAt === undefined &&
      readyAt < moment(run) - 4_000 &&
      !silences.some(({ to }) => to > moment(run) - 4_000) &&
      run.faults.dueFor({ id: 0, name: '', slot, openAt: 0, readyAt, silences, degraded: [] }, readyAt) <
        moment(run),
  );
  return run.history.shown.findLast((each) => each.watcher === staying?.id && each.user === user);
};

/** What a watcher was told last of somebody, told once more in another way. */
const toldAgain = (
  run: Case,
  user: string | undefined,
  change: Partial<ShownRecord>,
): Partial<History> | undefined => {
  const told = toldLast(run, user);
  if (told === undefined) return undefined;
  return { shown: [...run.history.shown, { ...told, at: moment(run), snapshot: false, ...change }] };
};

/** Redis does something in the last seconds, in which nothing is owed but what is owed always. */
const storeFault = ({ history }: Case, refuses: boolean): Pick<History, 'faults'> => {
  const [from, to] = [history.endedAt - 6_000, history.endedAt];
  const refused = refuses ? { refusedFrom: from, refusedTo: to } : {};
  const fault = {
    id: history.faults.length,
    kind: 'planted',
    scope: 'store',
    slots: [],
    from,
    to,
    ...refused,
  } as const;
  return { faults: [...history.faults, fault] };
};

const WITNESSES: Readonly<Record<RuleName, Witness>> = {
  truthIsShown: (run) => toldAgain(run, stayer(run), { status: 'offline', snapshot: true }),

  readsAreRight: (run) => {
    const user = leaver(run);
    if (user === undefined) return undefined;
    const answeredAt = moment(run);
    const read = { askedAt: answeredAt - 5, answeredAt, slot: 0, user, status: 'online' } as const;
    return { reads: [...run.history.reads, read] };
  },

  onceEach: (run) => {
    const user = leaver(run);
    // Twice: what was before a loss says nothing of the first of them.
    return logged(run, user, [
      ['online', 'offline'],
      ['online', 'offline'],
    ]);
  },

  steady: (run) => {
    const user = stayer(run);
    return logged(run, user, [
      ['online', 'offline'],
      ['offline', 'online'],
    ]);
  },

  noGhosts: (run) => {
    const user = leaver(run);
    return logged(run, user, [
      ['offline', 'online'],
      ['online', 'offline'],
    ]);
  },

  risingForWatchers: (run) => {
    const known = new Set(run.history.log.map(({ user, ver }) => `${user} ${ver}`));
    const user = run.history.users.find((each) => known.has(`${each} ${toldLast(run, each)?.ver}`));
    return toldAgain(run, user, {});
  },

  risingInLog: ({ history }) => {
    const found = history.log.findLastIndex(({ partition }, i) =>
      history.log.slice(0, i).some((each) => each.partition === partition),
    );
    const [record, earlier] = [
      history.log[found],
      history.log.slice(0, found).findLast((each) => each.partition === history.log[found]?.partition),
    ];
    if (record === undefined || earlier === undefined) return undefined;
    return { log: history.log.with(found, { ...record, id: earlier.id }) };
  },

  toldIsLogged: (run) => {
    const user = stayer(run);
    return toldAgain(run, user, { ver: Math.round(moment(run) * 1_000) });
  },

  cursorsMissNothing: ({ history: { log, cursorReads } }) => {
    const resets = cursorReads.flatMap((each) => (each.kind === 'reset' ? [each.at] : []));
    const without = ({ id, partition }: LogRecord) =>
      cursorReads.filter((each) => !(each.kind === 'read' && each.id === id && each.partition === partition));
    // Something was read after it, and no reset tells of it.
    const missed = log.findLast(
      (record) =>
        record.seenAt > Math.max(0, ...resets) &&
        without(record).some((each) => each.kind === 'read' && each.at > record.seenAt),
    );
    return missed && { cursorReads: without(missed) };
  },

  resetsHaveAReason: ({ history }) => ({
    cursorReads: [
      ...history.cursorReads,
      { kind: 'reset', at: history.begunAt + 1, partition: 0, cursor: 0 },
    ],
  }),

  socketsStayOpen: ({ history }) => {
    const found = history.connections.findIndex(
      ({ welcomeAt, end }) => welcomeAt !== undefined && end === undefined,
    );
    const connection = history.connections[found];
    if (connection === undefined) return undefined;
    const end = { at: history.endedAt - 1, how: 'server', code: 1011 } as const;
    return { connections: history.connections.with(found, { ...connection, end }) };
  },

  memoryIsBounded: ({ history }) => ({
    memory: [...history.memory, { at: history.endedAt, slot: 0, rss: 1e9 }],
  }),

  readsNeverGuess: (run) => {
    const { history } = run;
    const user = 'user-planted';
    const welcomeAt = history.endedAt - 3_900;
    const newcomer = {
      id: history.connections.length,
      user,
      slot: 0,
      dialAt: welcomeAt - 5,
      welcomeAt,
      isStored: false,
    };
    const answeredAt = history.endedAt - 500;
    const read = { askedAt: answeredAt - 5, answeredAt, slot: 1, user, status: 'offline' } as const;
    return {
      ...storeFault(run, false),
      users: [...history.users, user],
      connections: [...history.connections, newcomer],
      reads: [...history.reads, read],
    };
  },

  refusalIsTold: (run) => storeFault(run, true),

  // As if everybody had been allowed one transition a minute.
  dampingHolds: () => ({ damping: { burst: 1, intervalMs: 60_000 } }),
};

/** Rules that their witness does not break, or that it does not break alone: what broke instead. */
export const unwitnessed = (history: History, bounds: Bounds): Map<RuleName, string> => {
  const run = new Case(history, bounds);
  const wrong = new Map<RuleName, string>();
  for (const [rule, plant] of Object.entries(WITNESSES) as [RuleName, Witness][]) {
    const planted = plant(run);
    const broken = planted && new Set(check({ ...history, ...planted }, bounds).map((each) => each.rule));
    if (broken === undefined) wrong.set(rule, 'has no place in this history');
    else if (broken.size !== 1 || !broken.has(rule))
      wrong.set(rule, `broke ${[...broken].join(', ') || 'nothing'}`);
  }
  return wrong;
};
