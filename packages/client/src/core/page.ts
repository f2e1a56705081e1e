import type { PlatformEvent } from '../types.ts';
import { active } from './activity.ts';
import { begin, hasten, redial, suspend } from './dial.ts';
import { checkSoon } from './liveness.ts';
import type { Turn } from './turn.ts';
import { delayOf } from './verdict.ts';

/** Back in sight or awake: dials within this, ms. */
const SOON_MS = 250;
/** A dial older than this hangs after a sleep, ms. */
const HANGING_MS = 3_000;

const woken = (turn: Turn): void => {
  const { link } = turn.state;
  if (link.at === 'dialling' && turn.now - link.since > HANGING_MS) redial(turn);
  hasten(turn, turn.random() * SOON_MS);
  checkSoon(turn);
};

/** What happened to the page. Hidden pages keep dialling: else each restart of a node would make their people `offline`. */
export const page = (turn: Turn, event: PlatformEvent): void => {
  const { automatic } = turn.state.config;
  switch (event) {
    case 'input':
      if (automatic) active(turn);
      return;
    case 'visible':
      if (automatic) active(turn);
      woken(turn);
      return;
    case 'resume':
      woken(turn);
      return;
    case 'online':
      // Not at once: it fires before the network is there.
      if (turn.state.link.at === 'waiting' && !turn.state.link.told) turn.state.attempt = 0;
      hasten(turn, delayOf(turn, 0));
      checkSoon(turn);
      return;
    case 'offline':
      // It may be wrong: the connection is asked, not ended.
      checkSoon(turn);
      return;
    case 'pagehide':
      suspend(turn);
      return;
    case 'pageshow':
      if (turn.state.link.at === 'suspended') begin(turn);
  }
};
