import { h } from './dom.js';
import { suggestName, userIdOf } from './names.js';

const KINDS = ['web', 'desktop', 'mobile', 'api'];

/**
 * The form that makes somebody present. A name is all it takes: the development server signs for anybody.
 *
 * @param taken - names in use, for not suggesting them again
 * @param cancel - shown when there is something to go back to
 */
export const signInForm = ({ nodes, taken, known, submit, cancel }) => {
  const name = h('input', {
    id: 'name',
    name: 'name',
    required: true,
    maxlength: 60,
    autocomplete: 'off',
    list: 'known-names',
    value: suggestName(taken),
    'aria-describedby': 'name-hint',
  });
  const kind = h('select', { id: 'kind' }, ...KINDS.map((one) => h('option', { value: one }, one)));
  const node = h(
    'select',
    { id: 'node' },
    h('option', { value: '' }, 'any node, moves on'),
    ...nodes.map(({ index, name: label }) => h('option', { value: index }, `${label} only`)),
  );
  const another = h(
    'button',
    {
      type: 'button',
      class: 'quiet',
      onclick: () => {
        name.value = suggestName(new Set([...taken, name.value]));
        name.setCustomValidity('');
      },
    },
    'Another name',
  );
  const form = h(
    'form',
    {
      class: 'card sign-in',
      onsubmit: (event) => {
        event.preventDefault();
        const user = userIdOf(name.value);
        if (user === '') {
          name.setCustomValidity('A name needs a letter or a digit.');
          name.reportValidity();
          return;
        }
        submit({
          user,
          name: name.value.trim(),
          kind: kind.value,
          node: node.value === '' ? undefined : Number(node.value),
        });
      },
    },
    h('h3', {}, 'Sign in as anybody'),
    h(
      'div',
      { class: 'field' },
      h('label', { for: 'name' }, 'Name'),
      h('div', { class: 'joined' }, name, another),
    ),
    h('datalist', { id: 'known-names' }, ...known.map((one) => h('option', { value: one }))),
    h('p', { class: 'hint', id: 'name-hint' }, 'The same name is the same person, on any number of devices.'),
    h(
      'div',
      { class: 'fields' },
      h('div', { class: 'field' }, h('label', { for: 'kind' }, 'Device'), kind),
      nodes.length > 1 && h('div', { class: 'field' }, h('label', { for: 'node' }, 'Connects to'), node),
    ),
    h(
      'div',
      { class: 'actions' },
      h('button', { type: 'submit', class: 'primary' }, 'Sign in'),
      cancel !== undefined && h('button', { type: 'button', class: 'quiet', onclick: cancel }, 'Cancel'),
    ),
  );
  name.addEventListener('input', () => name.setCustomValidity(''));
  return { element: form, focus: () => name.select() };
};
