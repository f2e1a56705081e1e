import type { Mutant } from './mutant.ts';

/** Bounds switched off: what hostile clients could do then, and the test of it with a bystander. */
export const ABUSE: readonly Mutant[] = [
  {
    name: 'fragments without a bound',
    file: 'src/http/reasoned-websocket.ts',
    from: '  maxFragments: MAX_FRAGMENTS,\n',
    to: '',
    test: 'test/abuse/fragments.test.ts',
    title: 'are closed 1009 before they cost much',
    proves: 'somebody without a token fills a node with messages in pieces of a byte',
  },
  {
    name: 'upgrades without a rate',
    file: 'src/http/websocket.ts',
    from: 'rate: settings.upgradeRate, now',
    to: 'rate: 0, now',
    test: 'test/abuse/sockets.test.ts',
    title: 'that are opened over and over are refused after the rate of their address',
    proves: 'one address opens sockets as fast as it can',
  },
  {
    name: 'a flood of frames goes on',
    file: 'src/session/connection.ts',
    from: "if (this.#dropped.add(now)) this.close(4429, 'flooding');",
    to: '',
    test: 'test/abuse/sockets.test.ts',
    title: 'as fast as they can are closed, and cost nobody else',
    proves: 'who floods is answered for ever',
  },
  {
    name: 'a message that is never finished',
    file: 'src/session/connection.ts',
    from: "if (unfinished && this.#unfinished) this.close(1009, 'a message was not finished in time');",
    to: '',
    test: 'test/integration/fragments.test.ts',
    title: 'that is never finished is closed with 1009 after an interval of pings, while the socket lives',
    proves: 'an unfinished message is held for as long as its socket answers pings',
  },
  {
    name: 'watches without a budget',
    file: 'src/fanout/budget.ts',
    from: 'if (wait > LONGEST_WAIT_MS) {',
    to: 'if (wait > Number.POSITIVE_INFINITY) {',
    test: 'test/unit/fanout/turns.test.ts',
    title: 'is refused what it would wait for too long',
    proves: 'one person asks for more and more without an end',
  },
  {
    name: 'all watches at once',
    file: 'src/fanout/turns.ts',
    from: 'return this.#underWay === 0 || this.#underWay + users <= UNDER_WAY;',
    to: 'return true;',
    test: 'test/unit/fanout/turns.test.ts',
    title: 'are read a few hundred users at a time',
    proves: 'the reads of many watches hold up everybody else',
  },
];
