import { randomUUID } from 'node:crypto';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumPath, launchChromium } from '../support/chromium.ts';
import { Launcher } from '../support/launcher.ts';
import { bound, SLACK_MS, TIMINGS, timingEnv } from '../support/timings.ts';
import { until } from '../support/until.ts';

const executable = chromiumPath();
const why = executable === undefined ? ' (skipped: no Chromium, set CHROMIUM_PATH)' : '';

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe.skipIf(executable === undefined)(`the page of a cluster in a real browser${why}`, () => {
  let launcher: Launcher;
  let browser: Browser;
  let page: Page;

  const listItem = (region: string, text: string): Locator =>
    page.getByRole('region', { name: region }).getByRole('listitem').filter({ hasText: text });
  const node = (name: string) => listItem('Nodes', name);
  const card = (name: string) => listItem('Your devices', name);
  const shows = (name: string, status: string, timeout = 10_000): Promise<void> =>
    listItem('Everyone', name).filter({ hasText: status }).waitFor({ timeout });

  const signIn = async (name: string, on: string): Promise<void> => {
    const add = page.getByRole('button', { name: 'Add a device' });
    if (await add.isVisible()) await add.click();
    await page.getByLabel('Name', { exact: true }).fill(name);
    await page.getByLabel('Connects to').selectOption(`${on} only`);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await shows(name, 'Online');
  };

  beforeAll(async () => {
    const { ROLLCALL_TEST_REDIS_URL, ROLLCALL_REDIS_SERVER } = process.env;
    launcher = await Launcher.start('cluster', {
      ...timingEnv(TIMINGS),
      PARTITIONS: '8',
      REDIS_PREFIX: `t${randomUUID().slice(0, 8)}`,
      ...(ROLLCALL_REDIS_SERVER === undefined &&
        ROLLCALL_TEST_REDIS_URL !== undefined && { REDIS_URL: ROLLCALL_TEST_REDIS_URL }),
    });
    browser = await launchChromium(executable ?? '');
    page = await browser.newPage();
    await page.goto(launcher.page);
  });

  afterAll(async () => {
    await browser?.close();
    await launcher?.stop();
  });

  test('a killed node loses its people within the bound, and nobody else', async () => {
    await signIn('Ada Lovelace', 'node-1');
    await signIn('Grace Hopper', 'node-2');

    await node('node-1').getByRole('button', { name: 'kill -9' }).click();
    await node('node-1').filter({ hasText: 'Killed' }).waitFor();
    await shows('Ada Lovelace', 'Offline', bound() + SLACK_MS);
    await shows('Grace Hopper', 'Online');

    await node('node-1').getByRole('button', { name: 'Start again' }).click();
    await node('node-1').filter({ hasText: 'Running' }).waitFor();
    const again = card('Ada Lovelace').getByRole('button', { name: 'Try now' });
    // It may come back by itself before anybody presses.
    await again.click({ timeout: 1_000 }).catch(() => undefined);
    await shows('Ada Lovelace', 'Online', 20_000);
  });

  test('a paused node is cleared and, once awake, has its people back on the same sockets', async () => {
    await node('node-2').getByRole('button', { name: 'Pause' }).click();
    await card('Grace Hopper').filter({ hasText: 'no answer' }).waitFor();
    await shows('Grace Hopper', 'Offline', bound() + SLACK_MS);

    await node('node-2').getByRole('button', { name: 'Resume' }).click();
    await shows('Grace Hopper', 'Online');
    await card('Grace Hopper').filter({ hasText: 'On node-2' }).waitFor();
    const history = (await page.getByRole('log').textContent()) ?? '';
    expect(history).not.toContain('Grace Hopper lost the connection');
  });

  test('Ctrl-C ends every process it started', async () => {
    const pids = [...launcher.output.matchAll(/pid (\d+)/g)].map(([, pid]) => Number(pid));
    expect(pids).toHaveLength(3);
    await launcher.stop();
    expect(launcher.exitCode, launcher.output).toBe(0);
    await until(() => !pids.some(isAlive), { what: 'the end of the nodes' });
  });
});
