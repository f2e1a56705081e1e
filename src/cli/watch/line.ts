import type { News } from './board.ts';
import type { PlaceNews } from './rooms.ts';

const word = (text: string): string => (/^[^\s"]+$/.test(text) ? text : JSON.stringify(text));

/** `2026-11-21T09:30:00.000Z alice online → busy "Tea party" until 2026-11-21T10:00:00.000Z`. */
export const plainLine = ({ presence, previous }: News): string => {
  const { user, status, since, text, emoji, until, note } = presence;
  return [
    since ?? '-',
    word(user),
    previous === undefined ? status : `${previous} → ${status}`,
    ...(emoji === undefined ? [] : [emoji]),
    ...(text === undefined ? [] : [JSON.stringify(text)]),
    ...(until === undefined ? [] : [`until ${until}`]),
    ...(note === undefined
      ? []
      : [
          'note',
          ...[note.emoji, note.text && JSON.stringify(note.text)].filter((part) => part !== undefined),
        ]),
  ].join(' ');
};

/** `2026-11-21T09:30:00.000Z doc:7 alice entered {"color":"#c33"}`, or `- lobby 12345 there`. */
export const placeLine = ({ place, user, change, data, since, total }: PlaceNews): string =>
  [
    since ?? '-',
    word(place),
    ...(user === undefined ? [`${total} there`] : [word(user), change ?? 'is there']),
    ...(data === undefined ? [] : [JSON.stringify(data)]),
  ].join(' ');

/** The presence object as it came, with `previous` when it is a transition. */
export const jsonLine = ({ presence, previous }: News): string =>
  JSON.stringify({ ...presence, ...(previous !== undefined && { previous }) });
