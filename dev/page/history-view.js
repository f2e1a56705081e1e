import { h, keyedList, setText } from './dom.js';
import { glyph, LABELS } from './glyphs.js';
import { stampOf } from './time.js';

const ms = (value) => (value < 1 ? '< 1' : String(Math.round(value)));

/** How long the transition took to each node's devices here. */
const latencies = (heard) => {
  const nodes = new Map();
  for (const { node, took } of heard) nodes.set(node, [...(nodes.get(node) ?? []), took]);
  return [...nodes].map(([node, took]) => {
    const [low, high] = [ms(Math.min(...took)), ms(Math.max(...took))];
    return { node, text: `${low === high ? low : `${low}–${high}`} ms` };
  });
};

const sayChange = ({ view, previous }) => {
  const from = previous?.status ?? 'offline';
  if (from !== view.status)
    return [
      glyph(from),
      h('span', { class: 'arrow', 'aria-label': 'to' }, '→'),
      glyph(view.status),
      LABELS[view.status],
    ];
  return [
    glyph(view.status),
    [view.emoji, view.text].filter(Boolean).join(' ') || `${LABELS[view.status]}, without text`,
  ];
};

const transitionRow = (entry, several) => {
  const times = h('span', { class: 'times' });
  const element = h(
    'li',
    { class: 'entry' },
    h(
      'p',
      { class: 'line' },
      h('strong', {}, entry.view.name ?? entry.view.user),
      h('span', { class: 'change' }, ...sayChange(entry)),
    ),
    h(
      'p',
      { class: 'sub' },
      h('time', {}, stampOf(entry.at)),
      times,
      h('span', { class: 'ver', title: 'The version of this state' }, `ver ${entry.view.ver}`),
    ),
  );
  let shown = -1;
  return {
    element,
    update() {
      if (entry.late) {
        setText(times, 'from a snapshot');
        return;
      }
      if (shown === entry.heard.length) return;
      shown = entry.heard.length;
      times.replaceChildren(
        ...latencies(entry.heard).map(({ node, text }) =>
          h('span', { class: 'took' }, several ? `${node} ${text}` : text),
        ),
      );
    },
  };
};

const noteRow = (entry) => ({
  element: h(
    'li',
    { class: 'entry note' },
    h('p', {}, entry.text),
    h('p', { class: 'sub' }, h('time', {}, stampOf(entry.at))),
  ),
  update() {},
});

/** What happened, newest first. */
export const historyView = (section, app, several) => {
  const rows = keyedList(
    section.querySelector('.log'),
    ({ id }) => id,
    (entry) => (entry.kind === 'note' ? noteRow(entry) : transitionRow(entry, several)),
  );
  const empty = section.querySelector('.empty');
  const clear = section.querySelector('#clear');
  clear.addEventListener('click', () => {
    app.history.clear();
    app.onChange();
  });
  return () => {
    rows(app.history.entries);
    empty.hidden = app.history.entries.length > 0;
    clear.hidden = !empty.hidden;
  };
};
