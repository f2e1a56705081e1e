import { describe, expect, it } from 'vitest';
import { DAY, MINUTE, POLICY, START, someone } from './someone.ts';

describe('a claim', () => {
  it('says the status, with its text, emoji and end, while the person is there', () => {
    const until = START + 10 * MINUTE;
    const ann = someone().opens('n1').claims('busy', { text: 'focus', emoji: '🎧', until });
    expect(ann.view).toMatchObject({ status: 'busy', text: 'focus', emoji: '🎧', until });
    expect(ann.story).toEqual(['online connect', 'busy claim']);
  });

  it('of a change of text, emoji or end alone is a transition that keeps `since`', () => {
    const ann = someone().opens('n1').claims('busy', { text: 'one' }).waits(MINUTE);
    ann.claims('busy', { text: 'two' }).waits(1);
    ann.claims('busy', { text: 'two', emoji: '🎧' }).waits(1);
    ann.claims('busy', { text: 'two', emoji: '🎧', until: START + DAY }).waits(1);
    ann.claims('busy', { text: 'two', emoji: '🎧', until: START + DAY });
    expect(
      ann.told.map(({ view }) => [view.status, view.text, view.emoji, view.until, view.since - START]),
    ).toEqual([
      ['online', undefined, undefined, undefined, 0],
      ['busy', 'one', undefined, undefined, 0],
      ['busy', 'two', undefined, undefined, 0],
      ['busy', 'two', '🎧', undefined, 0],
      ['busy', 'two', '🎧', START + DAY, 0],
    ]);
  });

  it('that says `online` shows its text to others too', () => {
    const ann = someone().opens('n1').claims('online', { text: 'ask me' });
    expect(ann.view).toMatchObject({ status: 'online', text: 'ask me' });
    expect(ann.story).toEqual(['online connect', 'online claim']);
  });

  it('waits for the person to be there, and stays with them through a grace', () => {
    const ann = someone().claims('busy').isSaidToBe('calendar', { status: 'away' });
    expect(ann.view).toMatchObject({ status: 'offline', ver: 0 });
    ann
      .opens('n1')
      .waits(MINUTE)
      .closes('n1')
      .waits(POLICY.graceMs - 1);
    expect(ann.story).toEqual(['busy connect']);
    ann.waits(1);
    expect(ann.view).toEqual({
      user: 'ann',
      status: 'offline',
      since: ann.now,
      ver: ann.row.ver,
      devices: [],
      lastSeen: START,
    });
  });

  it('set again after it was cleared counts from then on, cleared is what the rest says', () => {
    const ann = someone().opens('n1').claims('away').waits(1).claims(null).waits(1).claims('away');
    expect(ann.story).toEqual(['online connect', 'away claim', 'online claim', 'away claim']);
  });

  it('of the person is one value with a stamp: late and repeated words of an older one change nothing', () => {
    const stamp = START * 1000;
    const ann = someone()
      .opens('n1')
      .claims('busy', {}, stamp + 2).andThen;
    ann
      .claims('away', {}, stamp + 1)
      .claims('away', {}, stamp + 2)
      .claims(null, {}, stamp);
    expect([ann.status, ann.story]).toEqual(['busy', []]);
    ann.claims(null, {}, stamp + 3).claims('busy', {}, stamp + 2);
    expect([ann.status, ann.story]).toEqual(['online', ['online claim']]);
  });
});

describe('of several claims', () => {
  it('the highest priority counts', () => {
    const ann = someone().opens('n1').isSaidToBe('calendar', { status: 'busy', priority: 60 });
    ann.waits(1).isSaidToBe('call', { status: 'away', priority: 40 });
    expect(ann.status).toBe('busy');
    ann.isSaidToBe('call', { status: 'away', priority: 61 });
    expect(ann.status).toBe('away');
  });

  it('of one priority the newest counts', () => {
    const ann = someone().opens('n1').isSaidToBe('call', { status: 'busy' }).waits(1);
    expect(ann.isSaidToBe('calendar', { status: 'away' }).status).toBe('away');
    expect(ann.waits(1).isSaidToBe('call', { status: 'busy' }).status).toBe('busy');
  });

  it('the person has priority 100', () => {
    const ann = someone().opens('n1').claims('online').waits(1);
    expect(ann.isSaidToBe('calendar', { status: 'busy', priority: 99 }).status).toBe('online');
    expect(ann.isSaidToBe('calendar', { status: 'busy', priority: 100 }).status).toBe('busy');
    expect(ann.waits(1).claims('away').status).toBe('away');
    expect(ann.isSaidToBe('alarm', { status: 'busy', priority: 101 }).status).toBe('busy');
  });

  it('the next one shows when the one that counts ends, and at last what the person does', () => {
    const ann = someone()
      .opens('n1')
      .isSaidToBe('call', { status: 'busy', priority: 90, until: START + MINUTE })
      .isSaidToBe('calendar', { status: 'away', text: 'lunch', until: START + 3 * MINUTE })
      .claims('busy', { text: 'focus', until: START + 2 * MINUTE });
    ann.andThen.waits(4 * MINUTE);
    expect(ann.told.map(({ at, status, reason, view }) => [at, status, reason, view.text])).toEqual([
      [2 * MINUTE, 'away', 'expired', 'lunch'],
      [3 * MINUTE, 'online', 'expired', undefined],
    ]);
  });

  it('one that ends unseen changes nothing', () => {
    const ann = someone()
      .opens('n1')
      .claims('busy')
      .isSaidToBe('calendar', { status: 'away', until: START + MINUTE });
    ann.andThen.waits(2 * MINUTE);
    expect(ann.story).toEqual([]);
  });

  it('an own claim that ended stays ended when an old batch brings it back', () => {
    const claim = { status: 'busy' as const, stamp: START * 1000, until: START + MINUTE };
    const ann = someone()
      .opens('n1')
      .tells('n1', { claim })
      .waits(2 * MINUTE).andThen;
    expect(ann.tells('n1', { claim }).story).toEqual([]);
  });
});
