/**
 * What an idle connection costs: opens connections to a server in another process and compares its memory before and
 * after, for a signed-in connection of the service (with stubs behind it), and for a bare `ws` server.
 *
 *   node --import tsx bench/idle-rss.ts [connections] [rollcall|bare]
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { MemoryReport } from './idle-rss-server.ts';

const CONNECTIONS = Number(process.argv[2] ?? 10_000);
const KINDS = process.argv[3] === undefined ? ['bare', 'rollcall'] : [process.argv[3]];
/** Connections opened at once: the listen queue is not what is measured. */
const AT_ONCE = 100;
const PING_INTERVAL_MS = 4000;

const measure = async (kind: string): Promise<void> => {
  const server = fork(new URL('./idle-rss-server.ts', import.meta.url), [kind, String(PING_INTERVAL_MS)], {
    execArgv: ['--expose-gc', '--import', 'tsx'],
  });
  const [{ port }] = (await once(server, 'message')) as [{ port: number }];
  const ask = async (): Promise<MemoryReport> => {
    server.send('report');
    const [report] = (await once(server, 'message')) as [MemoryReport];
    return report;
  };
  const open = async (n: number): Promise<WebSocket> => {
    const socket = new WebSocket(
      `ws://127.0.0.1:${port}/v1/ws?device=desktop`,
      ['rollcall.v1', `bearer.user-${n}`],
      {
        perMessageDeflate: false,
      },
    );
    await once(socket, kind === 'bare' ? 'open' : 'message');
    return socket;
  };

  // The first connections load code and fill caches, which is not the price of one more.
  const warm = await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => open(i)));
  for (const socket of warm) socket.close();
  await sleep(1000);
  const before = await ask();

  const sockets: WebSocket[] = [];
  const started = performance.now();
  while (sockets.length < CONNECTIONS) {
    const from = sockets.length;
    sockets.push(...(await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => open(from + i)))));
  }
  const seconds = (performance.now() - started) / 1000;
  const connected = await ask();
  await sleep(2.5 * PING_INTERVAL_MS);
  const pinged = await ask();
  const per = (from: MemoryReport, to: MemoryReport, key: 'rss' | 'heapUsed' | 'external') =>
    `${((to[key] - from[key]) / CONNECTIONS / 1024).toFixed(2)} KiB`;
  console.log(
    `${kind}: ${connected.connections} connections in ${seconds.toFixed(1)} s, server CPU ${(
      (connected.cpuMs - before.cpuMs) / CONNECTIONS
    ).toFixed(3)} ms each`,
  );
  console.table(
    Object.fromEntries(
      (['rss', 'heapUsed', 'external'] as const).map((key) => [
        key,
        { 'after connecting': per(before, connected, key), 'after two pings': per(before, pinged, key) },
      ]),
    ),
  );
  server.kill();
  for (const socket of sockets) socket.terminate();
};

for (const kind of KINDS) await measure(kind);
process.exit(0);
