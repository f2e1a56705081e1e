import { h, setText } from './dom.js';
import { avatar, deviceIcon } from './glyphs.js';
import { colorOf } from './room.js';
import { statusForm } from './status-form.js';
import { countdown, span } from './time.js';

/** What the way back is called. */
const AGAIN = { dropped: 'Come back', ended: 'Sign in again', waiting: 'Try now' };

/** One line on the connection, and its tone. */
const stateOf = (device, now, several) => {
  const { phase, why, code, retryAt, attempt, rtt, silentSince } = device.connection;
  const where = several && device.at !== undefined ? ` ${device.at.name}` : '';
  if (phase === 'connecting') return ['wait', `Connecting to${where || ' the service'} …`];
  if (phase === 'waiting') {
    const number = code === undefined || code === 1006 ? '' : ` (${code})`;
    return [
      'wait',
      `${where === '' ? '' : `${where.trim()}: `}${why}${number}. Try ${attempt + 1} in ${countdown(retryAt - now)}`,
    ];
  }
  if (phase === 'dropped') return ['off', why];
  if (phase === 'ended') return ['off', `${why}${code === undefined || code === 1000 ? '' : ` (${code})`}`];
  if (silentSince !== undefined)
    return ['wait', `Open, but no answer from${where} for ${span(now - silentSince)}`];
  if (device.watch?.message !== undefined) return ['bad', device.watch.message];
  const speed = rtt === undefined ? '' : `, answers in ${rtt < 1 ? '< 1' : Math.round(rtt)} ms`;
  return ['good', `${several ? `On${where}` : 'Connected'}${speed}`];
};

/** One device: who it is, how its connection is, and everything a person can do with it. */
export const deviceCard = (device, { app, several }) => {
  const face = avatar(device.user, device.name);
  const line = h('p', { class: 'state' });
  const form = statusForm(device);
  const { connection } = device;
  const button = (label, onclick, properties = {}) =>
    h('button', { type: 'button', onclick, ...properties }, label);

  const idle = button('', () => device.setIdle(!device.idle), {
    title: 'An idle device counts as away at once',
  });
  const drop = button('Drop connection', () => connection.drop(), {
    title: 'Close without a word, as a lost network does: the grace begins',
  });
  const bye = button('Goodbye', () => connection.bye(), { title: 'Leave at once, without grace' });
  const again = button('', () => connection.connect(), { class: 'primary' });
  const stop = button('Stop trying', () => connection.bye());
  const color = h('input', {
    type: 'color',
    value: device.color ?? colorOf(device.user),
    'aria-label': `Colour of ${device.name} in the room`,
    onchange: () => {
      if (device.color !== undefined) device.enter(color.value);
    },
  });
  const room = button(
    '',
    () => (device.color === undefined ? device.enter(color.value) : device.leaveRoom()),
    {
      title: 'A place: its members are users, each with a colour of their own',
    },
  );
  const inRoom = h('span', { class: 'room-controls' }, room, color);
  const remove = button('Remove', () => app.remove(device), { class: 'quiet' });

  const element = h(
    'li',
    {
      class: 'card device-card',
      'aria-label': `${device.name}, ${device.kind}`,
      onpointerdown: () => device.touched(),
      onkeydown: () => device.touched(),
    },
    h(
      'div',
      { class: 'who' },
      face.element,
      h(
        'div',
        { class: 'names' },
        h('h3', {}, device.name),
        h('p', { class: 'sub' }, deviceIcon(device.kind), h('span', {}, device.user)),
      ),
      remove,
    ),
    line,
    form.element,
    h('div', { class: 'actions' }, again, idle, inRoom, drop, bye, stop),
  );

  return {
    element,
    update() {
      const now = Date.now();
      const { phase } = connection;
      const [tone, text] = stateOf(device, now, several);
      line.className = `state ${tone}`;
      setText(line, text);
      form.update();
      form.element.hidden = phase === 'dropped' || phase === 'ended';
      setText(idle, device.idle ? 'In use again' : 'Go idle');
      idle.setAttribute('aria-pressed', String(device.idle));
      setText(again, AGAIN[phase] ?? '');
      setText(room, device.color === undefined ? 'Enter the room' : 'Leave the room');
      room.setAttribute('aria-pressed', String(device.color !== undefined));
      idle.hidden = inRoom.hidden = drop.hidden = bye.hidden = phase !== 'live';
      again.hidden = AGAIN[phase] === undefined;
      stop.hidden = phase !== 'waiting' && phase !== 'connecting';
      const seen = app.people.get(device.user);
      const known = phase === 'ended' && !app.seeing ? 'offline' : (seen?.status ?? 'offline');
      face.status(device.live && device.invisible ? 'invisible' : known);
      face.clock(app.graces.of(device.user, now), now);
    },
  };
};
