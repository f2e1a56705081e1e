import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { expect } from 'vitest';
import type { Rig } from '../session/rig.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export const UPGRADE = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': Buffer.from('0123456789abcdef').toString('base64'),
};

/** Sends an upgrade, or what looks like one, and reads the HTTP answer. */
export const ask = async (
  rig: Rig,
  path: string,
  headers: Readonly<Record<string, string>> = UPGRADE,
  method = 'GET',
): Promise<Answer> => {
  const asked = request({ port: rig.port, host: '127.0.0.1', path, method, headers });
  asked.end();
  const got = await Promise.race([
    once(asked, 'response') as Promise<[IncomingMessage]>,
    once(asked, 'upgrade').then(() => Promise.reject(new Error('was upgraded'))),
  ]);
  const [response] = got;
  let body = '';
  for await (const chunk of response) body += chunk;
  return { status: response.statusCode ?? 0, headers: response.headers, body };
};

export const problemOf = ({ headers, body }: Answer): { code: string; detail: string; status: number } => {
  expect(headers['content-type']).toMatch(/^application\/problem\+json/);
  return JSON.parse(body);
};

export const upgradesBy = (rig: Rig, result: string): Promise<number | undefined> =>
  rig.value('rollcall_upgrades_total', { result });
