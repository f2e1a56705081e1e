import { App } from './app.js';
import { deviceCard } from './device-card.js';
import { h, keyedList, setText } from './dom.js';
import { historyView } from './history-view.js';
import { Nodes } from './nodes.js';
import { nodesView } from './nodes-view.js';
import { peopleView } from './people-view.js';
import { roomView } from './room-view.js';
import { signInForm } from './sign-in-view.js';
import { themeSwitch } from './theme.js';

/** Clocks tick this often, and only these. */
const CLOCK_MS = 100;
const SECOND_MS = 1_000;
/** Changes that come together are drawn together. */
const FRAME_MS = 16;

const at = (selector) => document.querySelector(selector);

const showTrouble = (text) => {
  at('#trouble').hidden = text === undefined;
  if (text !== undefined) setText(at('#trouble'), text);
};

const start = async () => {
  themeSwitch(at('#theme'));
  const response = await fetch('config');
  const config = await response.json();
  if (!response.ok) throw new Error(config.message);
  const several = config.nodes.length > 1;

  let drawing = false;
  const draw = () => {
    drawing = false;
    for (const view of views) view();
  };
  const changed = () => {
    if (!drawing) setTimeout(draw, FRAME_MS);
    drawing = true;
  };

  const nodes = new Nodes({
    onChange: changed,
    onReaped: (name, users) => {
      app.history.note(
        `${name} cleared ${users === 1 ? 'a user' : `${users} users`} of a node whose lease ran out.`,
      );
      changed();
    },
  });
  const app = new App({
    config,
    nodeState: (index) => nodes.stateOf(index),
    onChange: changed,
    onEmpty: () => openForm(),
  });

  const cards = keyedList(
    at('.devices'),
    ({ id }) => id,
    (device) => deviceCard(device, { app, several }),
  );
  const title = () => {
    const names = [...new Set(app.devices.map(({ name }) => name))];
    const text = names.length === 0 ? 'Rollcall' : `${names.join(', ')} · Rollcall`;
    if (document.title !== text) document.title = text;
  };
  const trouble = () =>
    showTrouble(
      nodes.unreachable ? 'The development server does not answer: it was probably stopped.' : undefined,
    );
  const views = [
    () => cards(app.devices),
    peopleView(at('#everyone'), app),
    roomView(at('#room'), app),
    historyView(at('#history'), app, several),
    ...(config.controls ? [nodesView(at('#nodes'), nodes, app.bound)] : []),
    title,
    trouble,
  ];

  const add = at('#add');
  const closeForm = () => {
    at('#sign-in').replaceChildren();
    add.hidden = false;
  };
  const openForm = () => {
    const people = new Set(app.people.all.map(({ name, user }) => name ?? user));
    const form = signInForm({
      nodes: config.nodes,
      taken: people,
      known: [...people],
      submit: (who) => {
        app.add(who);
        closeForm();
        changed();
      },
      cancel: app.devices.length > 0 ? closeForm : undefined,
    });
    add.hidden = true;
    at('#sign-in').replaceChildren(form.element);
    form.focus();
  };
  add.addEventListener('click', openForm);
  app.restore();
  if (app.devices.length === 0) openForm();
  else closeForm();

  const service = `http://${location.hostname}:${config.nodes[0].port}`;
  at('#links').append(
    h('a', { href: '/', target: '_blank', rel: 'noopener' }, 'Another tab'),
    ' · ',
    h('a', { href: `${service}/docs`, target: '_blank', rel: 'noopener' }, 'HTTP API'),
  );

  nodes.start();
  setInterval(() => {
    if (app.ticking || nodes.hurt(app.bound)) draw();
  }, CLOCK_MS);
  setInterval(changed, SECOND_MS);
  changed();
};

start().catch((error) => showTrouble(`The page could not start: ${error.message}`));
