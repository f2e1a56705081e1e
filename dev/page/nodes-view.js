import { h, keyedList, setText } from './dom.js';
import { countdown, span } from './time.js';

const WORDS = {
  ready: 'Running',
  starting: 'Starting',
  paused: 'Paused',
  killed: 'Killed',
  died: 'Down by itself',
  down: 'Stopped',
};

const count = (number, word) => `${number} ${word}${number === 1 ? '' : 's'}`;

/** What happens next to the people of a node that is not well. */
const fateOf = (node, now, bound) => {
  const past = now - node.since;
  if (node.state === 'died') return node.reason ?? '';
  if (node.state !== 'killed' && node.state !== 'paused') return '';
  if (past < bound) return `The other nodes clear its people within ${countdown(bound - past)}`;
  return node.state === 'paused'
    ? 'Fenced by now: its people count as gone until it wakes'
    : 'Its lease has run out: the others have cleared its people';
};

const nodeCard = (first, nodes, bound) => {
  const button = (label, action, properties = {}) =>
    h('button', { type: 'button', ...properties, onclick: () => void nodes.act(first.index, action) }, label);
  const word = h('span', { class: 'node-state' });
  const facts = h('p', { class: 'sub' });
  const fate = h('p', { class: 'fate' });
  const bar = h('span', { class: 'fuse' });
  const kill = button('kill -9', 'kill', { class: 'danger' });
  const pause = button('Pause', 'pause', {
    title: 'SIGSTOP: the process stands still, its sockets stay open',
  });
  const resume = button('Resume', 'resume', { title: 'SIGCONT' });
  const start = button('Start again', 'start', { class: 'primary' });
  const element = h(
    'li',
    { class: 'card node' },
    h('div', { class: 'node-head' }, h('h3', {}, first.name), word),
    facts,
    fate,
    bar,
    h('div', { class: 'actions' }, start, resume, pause, kill),
  );
  let burning;
  const update = (node) => {
    const now = Date.now();
    element.className = `card node ${node.state}`;
    word.className = `node-state ${node.state}`;
    setText(word, `${node.silent ? 'Silent' : WORDS[node.state]} for ${span(now - node.since)}`);
    const figures =
      node.connections === undefined
        ? []
        : [count(node.connections, 'connection'), count(node.users, 'user')];
    if (node.reaped > 0) figures.push(`cleared ${count(node.reaped, 'user')}`);
    setText(
      facts,
      [`port ${node.port}`, node.pid && `pid ${node.pid}`, ...figures].filter(Boolean).join(' · '),
    );
    setText(fate, fateOf(node, now, bound));
    const fuse =
      (node.state === 'killed' || node.state === 'paused') && now - node.since < bound
        ? node.since
        : undefined;
    if (burning !== fuse) {
      burning = fuse;
      bar.classList.toggle('burning', fuse !== undefined);
      bar.style.setProperty('animation-duration', `${bound}ms`);
      bar.style.setProperty('animation-delay', `${(fuse ?? now) - now}ms`);
    }
    kill.hidden = !['ready', 'starting', 'paused'].includes(node.state);
    pause.hidden = node.state !== 'ready';
    resume.hidden = node.state !== 'paused';
    start.hidden = !['killed', 'died', 'down'].includes(node.state);
  };
  return { element, update };
};

/** The nodes of the cluster, with the buttons that hurt them. */
export const nodesView = (section, nodes, bound) => {
  const cards = keyedList(
    section.querySelector('.node-list'),
    ({ index }) => index,
    (node) => nodeCard(node, nodes, bound),
  );
  section.hidden = false;
  return () => cards(nodes.list);
};
