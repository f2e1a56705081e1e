import type { History } from '../history/history.ts';

/** How much of a history around a violation is told, ms. */
const BEFORE_MS = 15_000;
const AFTER_MS = 3_000;

/** Everything known of one user around a moment, with the faults, in order: what a person needs to find the reason. */
export const story = (history: History, user: string | undefined, around: number): string => {
  const lines: (readonly [at: number, text: string])[] = [];
  const say = (at: number | undefined, text: string): void => {
    if (at !== undefined && Number.isFinite(at)) lines.push([at, text]);
  };
  for (const { kind, slots, from, to, lostAt, lateAt, note } of history.faults) {
    const where = slots.length > 0 ? ` node ${slots.join(', ')}` : '';
    say(from, `FAULT ${kind}${where} begins${note === undefined ? '' : ` (${note})`}`);
    say(to, `FAULT ${kind}${where} ends`);
    say(lostAt, `FAULT ${kind} lost data`);
    say(lateAt, `FAULT ${kind}${where} late bytes arrive`);
  }
  for (const each of history.connections) {
    if (each.user !== user) continue;
    const name = `c${each.id}@node ${each.slot}`;
    say(each.dialAt, `${name} dials`);
    say(each.welcomeAt, `${name} is welcomed${each.isStored === true ? '' : ', not stored yet'}`);
    say(
      each.end?.at,
      `${name} ends: ${each.end?.how}${each.end?.code === undefined ? '' : ` ${each.end.code}`}`,
    );
  }
  for (const each of history.claims) {
    if (each.user !== user) continue;
    say(each.at, `c${each.connection} claims ${each.status}`);
    say(each.ackAt, `c${each.connection} claim ${each.status} acknowledged`);
  }
  for (const each of history.log)
    if (each.user === user)
      say(
        each.at,
        `log ${each.partition}: ${each.previous} → ${each.status} ${each.reason} ver ${each.ver} gen ${each.gen}`,
      );
  for (const each of history.shown) {
    if (each.user !== user) continue;
    const { name } = history.watchers[each.watcher] ?? { name: '?' };
    say(each.at, `${name} sees ${each.status} ver ${each.ver}${each.snapshot ? ' (snapshot)' : ''}`);
  }
  return lines
    .filter(([at]) => at >= around - BEFORE_MS && at <= around + AFTER_MS)
    .sort(([a], [b]) => a - b)
    .map(([at, text]) => `${((at - history.begunAt) / 1000).toFixed(3).padStart(8)} s  ${text}`)
    .join('\n');
};
