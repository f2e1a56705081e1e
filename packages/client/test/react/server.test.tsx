// @vitest-environment happy-dom
import { act } from '@testing-library/react';
import { StrictMode, version } from 'react';
import { hydrateRoot } from 'react-dom/client';
import { renderToString } from 'react-dom/server';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  ConnectionNotice,
  OnlineUsersList,
  PlaceMembers,
  RollcallProvider,
  StatusPicker,
  TypingIndicator,
  UserStatusIndicator,
} from '../../src/react/index.ts';
import type { Presence } from '../../src/types.ts';
import { StubClient } from './stub-client.ts';

afterEach(() => vi.useRealTimers());

const initial: readonly Presence[] = [
  { user: 'ann', status: 'offline', ver: 5, lastSeen: '2026-11-21T11:58:30.000Z' },
  { user: 'bob', status: 'busy', ver: 5, text: 'in a call' },
];

const App = ({ client }: { client: StubClient }) => (
  <StrictMode>
    <RollcallProvider client={client} initial={initial}>
      <UserStatusIndicator userId="ann" showText />
      <UserStatusIndicator userId="bob" showText />
      <UserStatusIndicator userId="cem" />
      <OnlineUsersList group="g" />
      <TypingIndicator group="g" />
      <PlaceMembers place="p" />
      <StatusPicker />
      <ConnectionNotice />
    </RollcallProvider>
  </StrictMode>
);

it('runs on the React that its project is for', ({ task }) => {
  const [major] = version.split('.');
  expect(major).toBe(task.file.projectName === 'react-18' ? '18' : '19');
});

describe('on the server', () => {
  it('renders what was given, and neither connects, watches nor waits', () => {
    vi.useFakeTimers();
    const client = new StubClient();
    const html = renderToString(<App client={client} />);
    expect(html).toContain('seen 2026-11-21 11:58 UTC');
    expect(html).toContain('in a call');
    expect(html).toContain('aria-label="Unknown"');
    expect([client.calls, client.watches.size, vi.getTimerCount()]).toEqual([[], 0, 0]);
  });

  it('hydrates without a complaint, whatever the client knows by then', async () => {
    const complaints = vi.spyOn(console, 'error').mockImplementation(() => {});
    const client = new StubClient();
    const container = document.createElement('div');
    container.innerHTML = renderToString(<App client={client} />);
    document.body.append(container);
    client.shows({ user: 'bob', status: 'away', ver: 6 });
    client.hasMembers({ group: 'g' }, ['bob']);
    const recovered: unknown[] = [];
    const root = await act(async () =>
      hydrateRoot(container, <App client={client} />, {
        onRecoverableError: (error) => recovered.push(error),
      }),
    );
    expect([recovered, complaints.mock.calls]).toEqual([[], []]);
    expect(container.textContent).toContain('Offline, seen 1 minute ago');
    expect(container.textContent).not.toContain('in a call');
    expect(container.querySelectorAll('.rollcall[data-status="away"]').length).toBe(2);
    expect(client.calls).toEqual(['connect']);
    act(() => root.unmount());
  });
});
