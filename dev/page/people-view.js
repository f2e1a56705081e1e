import { h, keyedList, setText } from './dom.js';
import { avatar, deviceIcon, glyph, LABELS } from './glyphs.js';
import { countdown, span, until } from './time.js';

/** With more people than this there is enough to see. */
const TIPS_UNTIL = 3;
const PRESENT = ['online', 'busy', 'away'];

/** Those who are here by name; those who are not by how long ago they were. */
const inOrder = (views) => {
  const away = ({ status }) => (status === 'offline' ? 1 : 0);
  const label = ({ name, user }) => name ?? user;
  return [...views].sort(
    (a, b) =>
      away(a) - away(b) ||
      (away(a) === 1
        ? Date.parse(b.since ?? 0) - Date.parse(a.since ?? 0)
        : label(a).localeCompare(label(b))),
  );
};

const ago = (time, now) => {
  const ms = now - Date.parse(time);
  return ms < 2_000 ? 'just now' : `${span(ms)} ago`;
};

const clockText = (clock, now) => {
  const left = clock.deadline - now;
  if (left <= 0) return 'The clock has run out: any moment now';
  if (clock.bound) return `Offline in ${countdown(left)} at the latest, unless they return`;
  return `Offline in ${countdown(left)}, unless they return`;
};

const personRow = (first, app) => {
  const face = avatar(first.user, first.name ?? first.user);
  const name = h('span', { class: 'name' });
  const you = h('span', { class: 'tag' }, 'you');
  const status = h('span', { class: 'status-word' });
  const said = h('p', { class: 'said' });
  const clock = h('p', { class: 'clock' });
  const time = h('span', { class: 'when' });
  const devices = h('span', { class: 'kinds' });
  const element = h(
    'li',
    { class: 'person' },
    face.element,
    h('div', { class: 'names' }, h('p', { class: 'first' }, name, you), said, clock),
    h('div', { class: 'facts' }, status, h('p', { class: 'sub' }, devices, time)),
  );
  let version;
  let kinds;

  const update = (view) => {
    const now = Date.now();
    const running = view.status === 'offline' ? undefined : app.graces.of(view.user, now);
    const mine = app.devices.filter(({ user }) => user === view.user);
    const hidden = mine.some(({ live, invisible }) => live && invisible);
    setText(name, view.name ?? view.user);
    you.hidden = mine.length === 0;
    setText(you, hidden ? 'you, hidden' : 'you');
    face.status(view.status);
    face.clock(running, now);
    element.classList.toggle('gone', view.status === 'offline');
    if (version !== view.ver) {
      status.className = `status-word ${view.status}`;
      status.replaceChildren(glyph(view.status), LABELS[view.status]);
      // A moment of colour where something changed; not for what was there when the list came.
      if (version !== undefined) {
        element.classList.remove('fresh');
        void element.offsetWidth;
        element.classList.add('fresh');
      }
      version = view.ver;
    }
    const end = view.until === undefined ? undefined : until(Date.parse(view.until), now);
    setText(said, [view.emoji, view.text, end && `· ${end}`, noteText(view.note)].filter(Boolean).join(' '));
    said.hidden = said.textContent === '';
    clock.hidden = running === undefined;
    setText(clock, running === undefined ? '' : clockText(running, now));
    const list = (view.devices ?? []).join();
    if (kinds !== list) {
      kinds = list;
      devices.replaceChildren(...(view.devices ?? []).map(deviceIcon));
    }
    setText(time, timeText(view, now));
    time.title = `since ${view.since ?? 'ever'}${view.lastSeen ? `, last seen ${view.lastSeen}` : ''}`;
  };
  return { element, update };
};

const timeText = (view, now) => {
  const seen = view.lastSeen === undefined ? undefined : ago(view.lastSeen, now);
  if (view.status === 'offline') return seen === undefined ? '' : `seen ${seen}`;
  const since = view.since === undefined ? '' : `for ${span(now - Date.parse(view.since))}`;
  // Of the busy it is as old as the last change: they may well be active.
  return view.status === 'away' && seen !== undefined ? `${since}, active ${seen}` : since;
};

const countChips = (views) =>
  PRESENT.map((status) => [status, views.filter((view) => view.status === status).length])
    .filter(([, count]) => count > 0)
    .map(([status, count]) => h('span', { class: `count ${status}` }, glyph(status), `${count} ${status}`));

/** What the list says when there is nobody in it. */
const emptyText = (app) => {
  const { devices } = app;
  if (devices.length === 0) return 'Sign in, and everyone who is here shows up.';
  if (devices.some(({ live, watch }) => live && watch === 'asking')) return 'Asking who is here …';
  if (devices.some(({ live, watch }) => live && watch === 'watching')) return 'Nobody is here.';
  if (devices.some(({ connection }) => connection.phase === 'connecting')) return 'Connecting …';
  return 'Not connected, and nothing known yet.';
};

/** What somebody says of themselves, whatever their status is. */
const noteText = (note) => note && `“${[note.emoji, note.text].filter(Boolean).join(' ')}”`;

/** Everyone, as this page's devices were told. */
export const peopleView = (section, app) => {
  const rows = keyedList(
    section.querySelector('.people'),
    ({ user }) => user,
    (view) => personRow(view, app),
  );
  const empty = section.querySelector('.empty');
  const tips = section.querySelector('.tips');
  tips.querySelector('.cluster').hidden = !app.config.controls;
  const counts = section.querySelector('.counts');
  const notice = section.querySelector('#degraded');
  let counted;
  return () => {
    const views = inOrder(app.people.all);
    rows(views);
    empty.hidden = views.length > 0;
    setText(empty, emptyText(app));
    tips.hidden = views.length > TIPS_UNTIL;
    const key = PRESENT.map((status) => views.filter((view) => view.status === status).length).join();
    if (counted !== key) counts.replaceChildren(...countChips(views));
    counted = key;
    const degraded = app.devices.filter(({ live, connection }) => live && connection.degraded);
    const blind = views.length > 0 && !app.seeing;
    notice.hidden = degraded.length === 0 && !blind;
    if (degraded.length > 0)
      setText(
        notice,
        'What you see may be stale: the node cannot reach its store. Connections stay open, and it heals by itself.',
      );
    else if (blind) setText(notice, 'No device of this page is connected: this is what they knew last.');
    section.classList.toggle('stale', blind);
  };
};
