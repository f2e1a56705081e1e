// @vitest-environment happy-dom
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import axe from 'axe-core';
import { createRef, type ReactNode } from 'react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  ConnectionNotice,
  OnlineUsersList,
  PlaceMembers,
  RollcallProvider,
  StatusPicker,
  TypingIndicator,
  UserStatusIndicator,
} from '../../src/react/index.ts';
import { StubClient } from './stub-client.ts';

let client: StubClient;
let complaints: unknown[][];
beforeEach(() => {
  client = new StubClient();
  complaints = [];
  vi.spyOn(console, 'error').mockImplementation((...words) => complaints.push(words));
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
  expect(complaints).toEqual([]);
});

const wrapper = ({ children }: { children: ReactNode }) => (
  <RollcallProvider client={client}>{children}</RollcallProvider>
);
const show = (node: ReactNode) => render(node, { wrapper });

describe('UserStatusIndicator', () => {
  it('has a name and a shape for each status, unknown first', () => {
    const { container } = show(<UserStatusIndicator userId="ann" />);
    const seen = new Set<string>();
    const look = (name: string) => {
      expect(screen.getByRole('img', { name })).toBeTruthy();
      const shape = container.querySelector('svg')?.innerHTML ?? '';
      expect(seen.has(shape)).toBe(false);
      seen.add(shape);
    };
    look('Unknown');
    act(() => client.shows({ user: 'ann', status: 'online' }));
    look('Online');
    act(() => client.shows({ user: 'ann', status: 'away', ver: 2 }));
    look('Away');
    act(() => client.shows({ user: 'ann', status: 'busy', ver: 3 }));
    look('Busy');
    act(() => client.shows({ user: 'ann', status: 'offline', ver: 4 }));
    look('Offline');
  });

  it('does not claim a status that may be out of date', () => {
    client.shows({ user: 'ann', status: 'online' });
    const { container } = show(<UserStatusIndicator userId="ann" />);
    act(() => client.turnsStale());
    expect(screen.getByRole('img').getAttribute('aria-label')).toBe('Online, may be out of date');
    expect(container.querySelector('[data-stale] circle')?.getAttribute('stroke-dasharray')).toBeTruthy();
  });

  it('says in words what the person says, isolated from the direction around it', () => {
    client.shows({ user: 'ann', status: 'busy', emoji: '🫖', text: 'שלום' });
    const { container } = show(<UserStatusIndicator userId="ann" showText />);
    expect(container.textContent).toBe('Busy · 🫖 שלום');
    expect(container.querySelector('bdi')?.textContent).toBe('🫖 שלום');
    // The words name it: a second name would be read twice.
    expect(container.querySelector('svg')?.getAttribute('aria-hidden')).toBe('true');
    act(() => client.shows({ user: 'ann', status: 'offline', lastSeen: '2026-11-21T11:00:00.000Z', ver: 2 }));
    expect(container.textContent).toBe('Offline, seen 1 hour ago');
  });

  it('passes on ref, class and other props, and takes words and a rendering of the app', () => {
    client.shows({ user: 'ann', status: 'busy' });
    const ref = createRef<HTMLSpanElement>();
    show(
      <UserStatusIndicator
        userId="ann"
        ref={ref}
        className="mine"
        id="dot"
        labels={{ status: { online: 'Da', away: 'Weg', busy: 'Beschäftigt', offline: 'Fort' } }}
        render={(view, label) => `${view.known} ${label}`}
      />,
    );
    expect([ref.current?.id, ref.current?.className, ref.current?.textContent]).toEqual([
      'dot',
      'rollcall mine',
      'true Beschäftigt',
    ]);
  });
});

describe('OnlineUsersList', () => {
  const users = ['ann', 'bob', 'cem'];
  beforeEach(() => {
    client.shows(
      { user: 'ann', name: 'Ann' },
      { user: 'bob', name: 'Bob', status: 'offline' },
      { user: 'cem', name: 'Cem', status: 'busy' },
    );
  });
  const rows = (): string[] => screen.getAllByRole('listitem').map(({ textContent }) => textContent ?? '');

  it('shows who is here, and says while it does not know', () => {
    show(<OnlineUsersList group="g" />);
    const list = screen.getByRole('list', { name: 'People' });
    expect([list.getAttribute('aria-busy'), list.children.length]).toEqual(['true', 0]);
    act(() => client.hasMembers({ group: 'g' }, users));
    expect(list.getAttribute('aria-busy')).toBe('false');
    expect(rows()).toEqual(['AnnOnline', 'CemBusy']);
    act(() => client.shows({ user: 'bob', name: 'Bob', ver: 2 }));
    expect(rows()).toEqual(['AnnOnline', 'BobOnline', 'CemBusy']);
    // The list watches; a row that did would keep those in sight who left.
    expect([...client.watches.keys()]).toEqual(['{"groups":["g"]}']);
  });

  it('says how many more there are, and that there are none', () => {
    client.hasMembers({ tenant: true }, users);
    show(<OnlineUsersList tenant max={1} />);
    expect(rows()).toEqual(['AnnOnline', '1 more']);
    act(() => client.hasMembers({ tenant: true }, []));
    expect(rows()).toEqual(['No one is here']);
  });

  it('renders the row of the app again only for its own user', () => {
    client.hasMembers({ group: 'g' }, users);
    const rendered = vi.fn((user: string) => <b>{user}</b>);
    show(<OnlineUsersList group="g" renderUser={rendered} includeOffline />);
    expect(rendered).toHaveBeenCalledTimes(3);
    act(() => client.shows({ user: 'ann', name: 'Ann', text: 'new', ver: 2 }));
    expect(rendered).toHaveBeenCalledTimes(3);
  });
});

describe('TypingIndicator', () => {
  it('is there before anybody types, and speaks after two seconds of it', () => {
    vi.useFakeTimers();
    client.shows({ user: 'ann', name: 'Ann' });
    const { container } = show(<TypingIndicator group="g" />);
    const live = screen.getByRole('status');
    expect(container.textContent).toBe('');
    act(() => client.types({ group: 'g' }, ['ann', 'bob']));
    expect(container.querySelector('bdi')?.textContent).toBe('Ann and bob are typing…');
    act(() => vi.advanceTimersByTime(1_900));
    expect(live.textContent).toBe('');
    act(() => vi.advanceTimersByTime(200));
    expect(live.textContent).toBe('Ann and bob are typing…');
    act(() => client.types({ group: 'g' }, []));
    expect([container.textContent, screen.getByRole('status')]).toEqual(['', live]);
  });
});

describe('PlaceMembers', () => {
  const since = '2026-11-21T09:30:00.000Z';
  it('shows avatars with names, and how many more there are', () => {
    show(<PlaceMembers place="doc:1" max={2} withoutSelf />);
    const members = ['me', 'ann.lee', 'bob', 'cem'].map((user) => ({ user, since, ver: 1 }));
    act(() => client.hasInPlace('doc:1', members, 40));
    expect(screen.getByRole('list', { name: 'Who is here' }).children).toHaveLength(3);
    expect(
      screen.getAllByRole('img').map((avatar) => [avatar.getAttribute('aria-label'), avatar.textContent]),
    ).toEqual([
      ['ann.lee', 'AL'],
      ['bob', 'B'],
    ]);
    expect(screen.getByText('37 more')).toBeTruthy();
  });
});

describe('StatusPicker', () => {
  const radio = (name: string) => screen.getByRole('radio', { name }) as HTMLInputElement;
  it('cannot be used before one’s own status is known', () => {
    show(<StatusPicker />);
    expect((screen.getByRole('group', { name: 'Your status' }) as HTMLFieldSetElement).disabled).toBe(true);
    expect(screen.getAllByRole('radio').some((each) => (each as HTMLInputElement).checked)).toBe(false);
  });

  it('shows what was chosen at once, what is set elsewhere, and that a change failed', async () => {
    client.isSelf({ status: 'online' });
    show(<StatusPicker />);
    expect(radio('Automatic').checked).toBe(true);
    let confirm = (): void => {};
    client.outcome = new Promise((resolve) => {
      confirm = resolve;
    });
    fireEvent.click(radio('Busy'));
    expect([radio('Busy').checked, client.calls.at(-1)]).toEqual([true, 'status {"status":"busy"}']);
    client.isSelf({ status: 'busy', claim: { status: 'busy' } });
    await act(async () => confirm());
    act(() => client.isSelf({ status: 'away', claim: { status: 'away' } }));
    expect(radio('Away').checked).toBe(true);

    client.outcome = Promise.reject(new Error('no'));
    await act(async () => fireEvent.click(radio('Automatic')));
    expect(radio('Away').checked).toBe(true);
    expect(screen.getByRole('alert').textContent).toBe('Not saved. Try again.');
  });

  it('lets a status end by itself', () => {
    client.isSelf({ status: 'busy', claim: { status: 'busy' } });
    show(<StatusPicker />);
    fireEvent.change(screen.getByLabelText('Clear after'), { target: { value: '60' } });
    expect(client.calls.at(-1)).toBe('status {"status":"busy","until":"2026-11-21T13:00:00.000Z"}');
  });

  it('saves and takes away the note', async () => {
    client.isSelf({ status: 'online', note: { text: 'hello' } });
    show(<StatusPicker />);
    const field = screen.getByLabelText('Note') as HTMLInputElement;
    expect(field.value).toBe('hello');
    fireEvent.change(field, { target: { value: ' back at four ' } });
    await act(async () => fireEvent.click(screen.getByRole('button', { name: 'Save' })));
    expect(client.calls.at(-1)).toBe('note {"text":"back at four"}');
    expect(screen.getByRole('status').textContent).toBe('Saved');
    fireEvent.change(field, { target: { value: '' } });
    await act(async () => fireEvent.click(screen.getByRole('button', { name: 'Save' })));
    expect(client.calls.at(-1)).toBe('note null');
  });
});

describe('ConnectionNotice', () => {
  it('says that the connection is lost once that lasts ten seconds, and nothing of attempts', () => {
    vi.useFakeTimers();
    show(<ConnectionNotice />);
    const live = screen.getByRole('status');
    act(() => client.is({ state: 'waiting', attempt: 1, nextAt: 1 }));
    act(() => vi.advanceTimersByTime(6_000));
    act(() => client.is({ state: 'connecting', attempt: 2 }));
    act(() => vi.advanceTimersByTime(3_900));
    expect(live.textContent).toBe('');
    act(() => vi.advanceTimersByTime(200));
    expect(live.textContent).toBe('Connection lost. Reconnecting…');
    act(() => client.is({ state: 'connected', degraded: false, user: 'me', tenant: 't' }));
    expect(live.textContent).toBe('');
  });

  it('says at once what ended for good, with a way back', () => {
    vi.useFakeTimers();
    show(<ConnectionNotice />);
    act(() => client.is({ state: 'stopped', reason: 'replaced' }));
    act(() => vi.advanceTimersByTime(1));
    expect(screen.getByRole('status').textContent).toContain('Too many windows');
    fireEvent.click(screen.getByRole('button', { name: 'Connect' }));
    expect(client.calls).toEqual(['connect', 'connect']);
    expect(screen.getByRole('status').textContent).toBe('');
  });
});

it('has nothing that axe finds', async () => {
  client.shows({ user: 'ann', name: 'Ann' });
  client.hasMembers({ group: 'g' }, ['ann']);
  client.hasInPlace('p', [{ user: 'ann', since: '2026-11-21T09:30:00.000Z', ver: 1 }], 9);
  client.isSelf({ status: 'busy', claim: { status: 'busy' } });
  const { container } = show(
    <>
      <UserStatusIndicator userId="ann" />
      <OnlineUsersList group="g" max={1} />
      <TypingIndicator group="g" />
      <PlaceMembers place="p" />
      <StatusPicker />
      <ConnectionNotice />
    </>,
  );
  // Colours and sizes are for a real browser.
  const { violations } = await axe.run(container, { rules: { 'color-contrast': { enabled: false } } });
  expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
});
