import { h, svg } from './dom.js';
import { hueOf, initialsOf } from './names.js';

export const LABELS = {
  online: 'Online',
  away: 'Away',
  busy: 'Busy',
  offline: 'Offline',
  invisible: 'Invisible',
};

/** Each status has a shape as well as a colour, for eyes that do not tell red from green. */
const SHAPES = {
  online: () => [svg('circle', { cx: 8, cy: 8, r: 6.5, fill: 'currentColor' })],
  away: () => [
    svg('circle', { cx: 8, cy: 8, r: 5.5, fill: 'none', stroke: 'currentColor', 'stroke-width': 2 }),
    svg('path', {
      d: 'M8 4.8V8l2.2 1.6',
      fill: 'none',
      stroke: 'currentColor',
      'stroke-width': 1.8,
      'stroke-linecap': 'round',
      'stroke-linejoin': 'round',
    }),
  ],
  busy: () => [
    svg('circle', { cx: 8, cy: 8, r: 6.5, fill: 'currentColor' }),
    svg('rect', { class: 'bar', x: 4.4, y: 7, width: 7.2, height: 2, rx: 1 }),
  ],
  offline: () => [
    svg('circle', { cx: 8, cy: 8, r: 5.5, fill: 'none', stroke: 'currentColor', 'stroke-width': 2 }),
  ],
  invisible: () => [
    svg('circle', {
      cx: 8,
      cy: 8,
      r: 5.5,
      fill: 'none',
      stroke: 'currentColor',
      'stroke-width': 2,
      'stroke-dasharray': '2.4 2.2',
    }),
  ],
};

export const glyph = (status) =>
  svg(
    'svg',
    { class: `glyph ${status}`, viewBox: '0 0 16 16', width: 14, height: 14, 'aria-hidden': 'true' },
    ...SHAPES[status](),
  );

const ICONS = {
  web: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2Zm0 0c1.8 1.7 2.6 3.7 2.6 6S9.8 12.3 8 14c-1.8-1.7-2.6-3.7-2.6-6S6.2 3.7 8 2ZM2.3 6.2h11.4M2.3 9.8h11.4',
  desktop: 'M2 3.5h12v7.5H2zM6 13.5h4M8 11v2.5',
  mobile: 'M5 2h6v12H5zM7.3 12h1.4',
  api: 'M5.5 4.5 2 8l3.5 3.5M10.5 4.5 14 8l-3.5 3.5',
};

export const deviceIcon = (kind) =>
  svg(
    'svg',
    { class: 'device', viewBox: '0 0 16 16', width: 16, height: 16, role: 'img', 'aria-label': kind },
    svg('title', {}, kind),
    svg('path', {
      d: ICONS[kind] ?? ICONS.api,
      fill: 'none',
      stroke: 'currentColor',
      'stroke-width': 1.3,
      'stroke-linejoin': 'round',
      'stroke-linecap': 'round',
    }),
  );

/** Initials on a colour of their own, with the status at the corner and room for the ring of a running clock. */
export const avatar = (user, name) => {
  const badge = h('span', { class: 'badge' });
  const ring = svg('svg', { class: 'ring', viewBox: '0 0 52 52', 'aria-hidden': 'true' });
  const element = h('span', { class: 'avatar', 'aria-hidden': 'true' }, initialsOf(name) || '?', ring, badge);
  element.style.setProperty('--hue', hueOf(user));
  let shown;
  let ringed;
  return {
    element,
    status(status) {
      if (shown === status) return;
      shown = status;
      badge.replaceChildren(glyph(status));
    },
    /** @param clock - `{ at, deadline }` or `undefined` for no ring */
    clock(clock, now) {
      if (ringed === clock) return;
      ringed = clock;
      if (clock === undefined) return ring.replaceChildren();
      const line = svg('circle', { class: 'ring-line', cx: 26, cy: 26, r: 24, pathLength: 1 });
      line.style.setProperty('animation-duration', `${clock.deadline - clock.at}ms`);
      line.style.setProperty('animation-delay', `${clock.at - now}ms`);
      ring.replaceChildren(svg('circle', { class: 'ring-track', cx: 26, cy: 26, r: 24 }), line);
    },
  };
};
