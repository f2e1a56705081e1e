import { expect, it } from 'vitest';
import { NOW, rigs } from './rig.ts';

const start = rigs();

it('lists the nodes with their last heartbeat', async () => {
  const { store, call } = await start();
  store.nodes = [
    {
      id: 'n1',
      name: 'rollcall-0:8080',
      version: '1.2.3',
      connections: 12,
      users: 7,
      startedAt: NOW - 60_000,
      heartbeatAgo: 1500,
    },
  ];
  const response = await call('GET', '/v1/nodes', { token: 'everywhere' });
  expect(response.statusCode).toBe(200);
  expect(response.json()).toEqual({
    nodes: [
      {
        id: 'n1',
        name: 'rollcall-0:8080',
        version: '1.2.3',
        connections: 12,
        users: 7,
        startedAt: '2026-11-21T11:59:00.000Z',
        lastHeartbeat: '2026-11-21T11:59:58.500Z',
      },
    ],
  });
});
