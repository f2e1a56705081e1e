import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumPath, launchChromium } from '../support/chromium.ts';
import { Launcher } from '../support/launcher.ts';
import { until } from '../support/until.ts';

const GRACE_MS = 2_000;
const executable = chromiumPath();
const why = executable === undefined ? ' (skipped: no Chromium, set CHROMIUM_PATH)' : '';

const personOn = (page: Page, name: string): Locator =>
  page.getByRole('region', { name: 'Everyone' }).getByRole('listitem').filter({ hasText: name });

/** Waits until the page shows the person like this. */
const shows = (page: Page, name: string, text: string | RegExp): Promise<void> =>
  personOn(page, name).filter({ hasText: text }).waitFor({ timeout: 10_000 });

const historyOf = (page: Page): Promise<string> =>
  page
    .getByRole('log')
    .textContent()
    .then((text) => text ?? '');

describe.skipIf(executable === undefined)(`the live page in a real browser${why}`, () => {
  let launcher: Launcher;
  let browser: Browser;
  let context: BrowserContext;
  const complaints: string[] = [];

  const openTab = async (): Promise<Page> => {
    const page = await context.newPage();
    page.on('pageerror', ({ message }) => complaints.push(message));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    await page.goto(launcher.page);
    return page;
  };

  const signIn = async (name: string): Promise<Page> => {
    const page = await openTab();
    await page.getByLabel('Name', { exact: true }).fill(name);
    await page.getByRole('button', { name: 'Sign in' }).click();
    return page;
  };

  beforeAll(async () => {
    launcher = await Launcher.start('start', {
      REDIS_URL: 'memory:',
      OFFLINE_GRACE_MS: String(GRACE_MS),
      REAP_INTERVAL_MS: '250',
    });
    browser = await launchChromium(executable ?? '');
    context = await browser.newContext();
  });

  afterAll(async () => {
    await browser?.close();
    await launcher?.stop();
  });

  test('two people in two tabs see each other come, change and go', async () => {
    const ada = await signIn('Ada Lovelace');
    await shows(ada, 'Ada Lovelace', 'Online');
    const grace = await signIn('Grace Hopper');
    await shows(ada, 'Grace Hopper', 'Online');
    await shows(grace, 'Ada Lovelace', 'Online');

    await ada.getByText('Busy', { exact: true }).first().click();
    await shows(grace, 'Ada Lovelace', 'Busy');
    await ada.getByLabel('Status text').fill('Writing the first program');
    await ada.getByLabel('Status text').press('Enter');
    await shows(grace, 'Ada Lovelace', 'Writing the first program');

    // A reload comes back within the grace: the other tab hears of no transition, and the status is kept.
    const before = await historyOf(grace);
    await ada.reload();
    await ada.getByText(/^Connected/).waitFor();
    await until(async () => (await historyOf(grace)).includes('Ada Lovelace is back'), {
      what: 'the return',
    });
    const since = (await historyOf(grace)).replace(before, '');
    expect(since).not.toContain('ver ');
    await shows(grace, 'Ada Lovelace', 'Busy');
    await until(() => ada.getByRole('radio', { name: 'Busy' }).isChecked(), {
      what: 'the form to show the claim',
    });

    // A room: the colour is said once, and stays over a reload that nobody sees.
    const room = grace.getByRole('region', { name: 'The room' });
    await ada.getByRole('button', { name: 'Enter the room' }).click();
    await room.getByText('Ada Lovelace').waitFor({ timeout: 10_000 });
    await ada.reload();
    await ada.getByRole('button', { name: 'Leave the room' }).click();
    await room.getByText('Ada Lovelace').waitFor({ state: 'detached', timeout: 10_000 });

    // A closed tab says no goodbye: its clock runs, and only then is the person offline.
    const closedAt = performance.now();
    await ada.close();
    await shows(grace, 'Ada Lovelace', /Offline in.*Busy/s);
    await shows(grace, 'Ada Lovelace', /Offline\s*seen/);
    expect(performance.now() - closedAt).toBeGreaterThan(GRACE_MS - 100);

    await grace.getByRole('button', { name: 'Goodbye' }).click();
    await grace.getByText('Goodbye said').waitFor();
    expect(complaints).toEqual([]);
  });

  test('ends cleanly on Ctrl-C', async () => {
    await launcher.stop();
    expect(launcher.exitCode, launcher.output).toBe(0);
  });
});
