import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { until } from '../../support/until.ts';
import { NodeDouble } from './node-double.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

const cli = (args: readonly string[], env: Record<string, string> = {}) => {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli.ts', ...args], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ran = { child, out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    ran.out += chunk;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    ran.err += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return { ran, ended };
};

it('hands exit codes and streams to the process', async () => {
  const [good, wrong, usage] = [cli(['--version']), cli(['check-config'], { PORT: 'x' }), cli(['dance'])];
  expect(await Promise.all([good.ended, wrong.ended, usage.ended])).toEqual([0, 78, 64]);
  expect(good.ran.out).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect([wrong.ran.out, usage.ran.out]).toEqual(['', '']);
  expect(wrong.ran.err).toMatch(/^rollcall: PORT must be [^\n]*\n$/);
});

it('watches until Ctrl-C, then says goodbye', async () => {
  const node = new NodeDouble();
  const url = await node.start();
  const { ran, ended } = cli(['watch', '--url', url, '--tenant'], { ROLLCALL_TOKEN: 'v4.public.abc' });
  try {
    await until(() => node.accepted[0]?.frames.length === 1, { what: 'a watch' });
    ran.child.kill('SIGINT');
    expect(await ended).toBe(0);
    expect(node.accepted[0]?.frames.at(-1)).toEqual({ type: 'bye' });
    expect(ran.out + ran.err).not.toContain('v4.public');
  } finally {
    ran.child.kill('SIGKILL');
    await node.stop();
  }
});

it('ends quietly when nobody reads its output any more', async () => {
  const node = new NodeDouble();
  const url = await node.start();
  const { ran, ended } = cli(['watch', '--url', url, 'ann'], { ROLLCALL_TOKEN: 'v4.public.abc' });
  try {
    const connection = await until(() => node.accepted.find(({ frames }) => frames.length === 1), {
      what: 'a watch',
    });
    ran.child.stdout.destroy();
    let ver = 0;
    const news = setInterval(
      () => connection.send({ type: 'presence', users: [{ user: 'ann', status: 'online', ver: ++ver }] }),
      20,
    );
    expect(await ended.finally(() => clearInterval(news))).toBe(0);
    expect(ran.err).not.toContain('EPIPE');
  } finally {
    ran.child.kill('SIGKILL');
    await node.stop();
  }
});
