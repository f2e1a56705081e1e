import type { Mutant } from './mutant.ts';

/** Mistakes in `src/session/`. */
export const SESSION: readonly Mutant[] = [
  {
    name: 'frame bucket without a brim',
    file: 'src/time/token-bucket.ts',
    from: 'Math.min(burst, this.#tokens + ((now - this.#at) * rate) / 1000)',
    to: 'this.#tokens + ((now - this.#at) * rate) / 1000',
    test: 'test/unit/session/limits.test.ts',
    title: 'after a long silence is a burst and no more',
    proves: 'a connection that was quiet for a day may flood',
  },
  {
    name: 'malformed frames for ever',
    file: 'src/session/connection.ts',
    from: "if (this.#malformed.add(this.host.clock.monotonic())) this.close(4400, 'too many malformed frames');",
    to: '',
    test: 'test/unit/session/limits.test.ts',
    title: 'are tolerated nine times; the tenth within a minute closes 4400',
    proves: 'a client may send malformed frames as long as it likes',
  },
  {
    name: 'flooding goes on',
    file: 'src/session/connection.ts',
    from: "if (this.#dropped.add(now)) this.close(4429, 'flooding');",
    to: '',
    test: 'test/unit/session/limits.test.ts',
    title: 'closes 4429 when twice the rate was dropped within a second',
    proves: 'who floods is answered for ever',
  },
  {
    name: 'free pings',
    file: 'src/session/connection.ts',
    from: 'if (this.#admits() && this.buffered <= UNREAD_LIMIT) this.#ws.pong(data);',
    to: 'this.#ws.pong(data);',
    test: 'test/unit/session/limits.test.ts',
    title: 'counts the pings of the protocol, too',
    proves: 'pings of the protocol are answered without a limit',
  },
  {
    name: 'connections of a user without end',
    file: 'src/session/identity.ts',
    from: 'const excess = sameUser.length - this.session.host.settings.maxConnectionsPerUser;',
    to: 'const excess = 0;',
    test: 'test/unit/session/limits.test.ts',
    title: 'beyond the limit close the oldest with 4409',
    proves: 'one person may have any number of connections',
  },
  {
    name: 'an older word on groups',
    file: 'src/session/identity.ts',
    from: 'if (this.#own !== undefined && own.stamp <= this.#own.stamp) return;',
    to: '',
    test: 'test/unit/fanout/watchers.fuzz.test.ts',
    title: 'hold exactly what they may see',
    proves: 'a renewal that brings a group loses it to an answer that comes later',
  },
];
