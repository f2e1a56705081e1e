import { afterEach, beforeEach, expect, it } from 'vitest';
import type { SelfView } from '../../../src/store/port/views.ts';
import { view } from './fakes.ts';
import { Rig } from './rig.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await Rig.start();
});
afterEach(() => rig.stop());

const self = (more: Partial<SelfView> = {}): SelfView => ({ view: view('anna'), invisible: false, ...more });
const knows = (news: SelfView): void => {
  for (const member of rig.membership.members) member.itself(news);
};

it('what is true of a person is sent to every connection when it changes, and only then', async () => {
  rig.membership.self = Promise.resolve(self());
  const clients = [await rig.enter('anna'), await rig.enter('anna')];
  const note = { text: 'On leave', stamp: 5 };
  // As welcome said it.
  knows(self());
  knows(self({ note }));
  knows(self({ note: { ...note, stamp: 6 }, view: { ...view('anna'), ver: 2, since: 9 } }));
  knows(self({ note, invisible: true, claim: { status: 'invisible', until: 1000, stamp: 7 } }));
  for (const client of clients) {
    await client.ask({ type: 'ping' });
    expect(client.frames.filter(({ type }) => type === 'self')).toEqual([
      { type: 'self', status: 'online', note: { text: 'On leave' } },
      {
        type: 'self',
        status: 'online',
        invisible: true,
        claim: { status: 'invisible', until: '1970-01-01T00:00:01.000Z' },
        note: { text: 'On leave' },
      },
    ]);
  }
});

it('a note is stored before it is acknowledged, and is no activity', async () => {
  const client = await rig.enter('anna');
  expect(await client.ask({ type: 'note', text: 'On leave' })).toMatchObject({ type: 'ack' });
  expect(await client.ask({ type: 'note', until: '2100-01-01T00:00:00Z' })).toMatchObject({ type: 'ack' });
  expect(rig.membership.notes.map(({ note }) => note.text)).toEqual(['On leave', undefined]);
  expect(rig.membership.touches).toEqual([]);
  expect(await client.ask({ type: 'note', text: '\u202e' })).toMatchObject({
    type: 'error',
    code: 'invalid',
  });
});
