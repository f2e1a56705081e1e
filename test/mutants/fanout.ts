import type { Mutant } from './mutant.ts';

/** Mistakes in `src/fanout/`. */
export const FANOUT: readonly Mutant[] = [
  {
    name: 'sent beside the stream and again in it',
    file: 'src/fanout/outbox.ts',
    from: 'if (to === stream.head) this.#ahead = undefined;',
    to: 'this.#ahead = undefined;',
    test: 'test/unit/fanout/backpressure.test.ts',
    title: 'are told of once when a full frame ends before what they were told',
    proves: 'a change is sent twice when a frame is full',
  },
  {
    name: 'past those who wait',
    file: 'src/fanout/outbox.ts',
    from: 'if (!this.#inWindow && this.#pending.size === 0 && this.#writable(now)) {',
    to: 'if (!this.#inWindow && this.#writable(now)) {',
    test: 'test/unit/fanout/backpressure.test.ts',
    title: 'gets a change once when it reads again before anybody says so',
    proves: 'a change overtakes an older one of the same user, which is sent after it',
  },
  {
    name: 'judged before it is known',
    file: 'src/fanout/connection-watcher.ts',
    from: 'for (const user of this.#watched.named) {',
    to: `for (const answer of this.#waiting) {
      for (const user of answer.users) {
        if (visibility(sight, user) === 'visible' || !answer.users.delete(user)) continue;
        this.#watched.unask(tenant, user);
        users.push(user.user);
      }
    }
    for (const user of this.#watched.named) {`,
    test: 'test/unit/fanout/watchers.fuzz.test.ts',
    title: 'hold exactly what they may see',
    proves: 'a watch in flight is taken away by a renewal',
  },
  {
    name: 'a forgotten user read anew',
    file: 'src/fanout/view-cache.ts',
    from: 'if (reading.isForgotten(user.user, view.ver)) return; // Who waits for them has them read again.',
    to: '',
    test: 'test/unit/fanout/watchers.fuzz.test.ts',
    title: 'hold exactly what they may see',
    proves: 'a read from before a forgetting brings the forgotten back',
  },
  {
    name: 'a forgotten member read anew',
    file: 'src/fanout/readings.ts',
    from: 'told.forgottenAt = this.#now;',
    to: '',
    test: 'test/unit/fanout/watchers.fuzz.test.ts',
    title: 'hold exactly what they may see',
    proves: 'a reading of a group from before a forgetting brings the forgotten back',
  },
  {
    name: 'forgotten unnoticed by readings',
    file: 'src/fanout/node-fanout.ts',
    from: 'tenant.readings.forgotten(id, at);',
    to: '',
    test: 'test/unit/fanout/groups.test.ts',
    title: 'stays gone while a group is read, also for who watched them by id beforehand',
    proves: 'somebody forgotten while their group is read is shown in it for good',
  },
  {
    name: 'asked for is as good as watched',
    file: 'src/fanout/watched.ts',
    from: `if (this.has(user)) return false;
    this.#memberOnly.add(user);`,
    to: `if (this.isAskedFor(user)) return false;
    this.#memberOnly.add(user);`,
    test: 'test/unit/fanout/watchers.fuzz.test.ts',
    title: 'hold exactly what they may see',
    proves: 'a refused watch of a user takes them out of a watched group',
  },
  {
    name: 'gone only for whom the node holds',
    file: 'src/fanout/node-fanout.ts',
    from: 'for (const reader of readers) reader.say(frame);',
    to: 'if (user !== undefined) for (const reader of readers) reader.say(frame);',
    test: 'test/unit/fanout/watchers.fuzz.test.ts',
    title: 'hold exactly what they may see',
    proves: 'who watches a tenant keeps those who were forgotten while offline',
  },
  {
    name: 'a snapshot from the cache',
    file: 'src/fanout/view-cache.ts',
    from: 'if (isLater && !sameView(held.view, view)) user.record = readRecord(view);',
    to: '',
    test: 'test/unit/fanout/watchers.fuzz.test.ts',
    title: 'hold exactly what they may see',
    proves: 'a snapshot has the name and the devices of long ago',
  },
  {
    name: 'left out of the pages',
    file: 'src/fanout/answer-reading.ts',
    from: 'const listed = answer.tenant ?',
    to: 'const listed = answer.tenant && isOver() ?',
    test: 'test/unit/fanout/tenant.test.ts',
    title: 'shows nobody as they were before the watch',
    proves: 'a snapshot of the tenant has people online whom the store said to be offline',
  },
  {
    name: 'joined by no event that was read before',
    file: 'src/fanout/node-fanout.ts',
    from: '(ver > known || isAhead)',
    to: 'ver > known',
    test: 'test/unit/fanout/groups.test.ts',
    title: 'has whom a read by id knew before the feed said that they joined',
    proves:
      'who joins a watched group is never shown to it, and who leaves stays, when somebody read them first',
  },
  {
    name: 'no member by a newer read',
    file: 'src/fanout/groups.ts',
    from: 'const isMember = !isOlder || (',
    to: 'const isMember = !isOlder || (false && ',
    test: 'test/unit/fanout/groups.test.ts',
    title: 'has whom a newer read by id found in it, when its own reading is older',
    proves: 'a member is missing in the snapshot of a group, because they were read by id meanwhile',
  },
];
