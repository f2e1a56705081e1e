import { type HybridClock, toMs } from '../../domain/clock.ts';
import type { PlaceSaid } from '../../domain/place-report.ts';
import type { Row } from '../../domain/row.ts';
import { type LastSeenPrecision, shownActivity } from '../../domain/show.ts';
import type { PlaceAnswer } from '../port/reports.ts';

/** Every later change gets a version above what a node knows of a place. */
export const raiseTo = (clock: HybridClock, { stamp, closedStamp, known }: PlaceSaid): void =>
  clock.raise(Math.max(stamp, closedStamp, known?.ver ?? 0));

/** What a node has to learn of the places that it reported. @param refused - for which there was no room. */
export const placeAnswers = (
  row: Row,
  node: string,
  said: readonly PlaceSaid[],
  refused: readonly string[],
  precision: LastSeenPrecision,
): PlaceAnswer[] =>
  said.flatMap(({ place, enteredAt, known }) => {
    const stay = row.places.get(place);
    const isShown = stay !== undefined && stay.since > 0;
    const isIn = enteredAt > 0 && row.nodes.has(node) && (!row.ended || enteredAt > toMs(row.ended.at));
    const isPutOut = isIn && !stay?.nodes.has(node);
    const verdict = refused.includes(place) ? 'too_many' : isPutOut ? 'put_out' : undefined;
    if (verdict === undefined && (isShown ? stay.ver : 0) === (known?.ver ?? 0)) return [];
    const shown = isShown
      ? { since: shownActivity(stay.since, precision) ?? 0, ver: stay.ver, data: stay.data }
      : { since: 0, ver: 0 };
    const { data, ...rest } = { data: undefined, ...shown };
    return [
      {
        place,
        ...rest,
        ...(data !== undefined && { data }),
        ...(verdict !== undefined && { refused: verdict }),
      },
    ];
  });
