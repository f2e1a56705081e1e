import { h, keyedList, setText } from './dom.js';

/** The room: a chip in the colour of each member. */
export const roomView = (section, app) => {
  const empty = section.querySelector('.room-empty');
  const count = section.querySelector('.room-count');
  const chips = keyedList(
    section.querySelector('.room-list'),
    ({ user }) => user,
    () => {
      const dot = h('span', { class: 'dot' });
      const name = h('span', {});
      return {
        element: h('li', { class: 'chip' }, dot, name),
        update(member) {
          dot.style.background = member.color ?? 'var(--line)';
          setText(name, member.name);
        },
      };
    },
  );
  return () => {
    const { members } = app.room;
    chips(members);
    empty.hidden = members.length > 0;
    setText(count, members.length === 0 ? '' : `${members.length} here`);
  };
};
