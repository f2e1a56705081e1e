import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { HttpConnections } from '../../../src/http/connections.ts';
import { createMetrics } from '../../../src/observability/metrics.ts';
import { until } from '../../support/until.ts';

const server = createServer();
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  server.close();
});

// Idle connections that nobody counts look like a quiet node until it has no files left.
it('are counted, and those that went for others', async () => {
  const metrics = createMetrics();
  new HttpConnections(2, metrics).watch(server, () => true);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const current = async (metric: { get(): Promise<{ values: { value: number }[] }> }) =>
    (await metric.get()).values[0]?.value;
  const told = async () => [await current(metrics.httpConnections), await current(metrics.httpEvictions)];
  for (let n = 1; n <= 3; n += 1) {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    sockets.push(socket);
    await until(async () => (await told()).reduce((sum: number, value) => sum + (value ?? 0), 0) === n);
  }
  expect(await told()).toEqual([2, 1]);
  for (const socket of sockets) socket.destroy();
  await until(async () => (await told())[0] === 0);
  expect(await told()).toEqual([0, 1]);
});
