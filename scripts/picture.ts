// npm run picture: makes docs/picture.svg, the animated picture of the live page in the README. By hand, after a change
// of the page. It runs `npm start`, lets three people be there in Chromium (CHROMIUM_PATH, or one on the PATH), and writes
// what one of them saw at each step.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { BrowserContext, Page } from 'playwright-core';
import { chromiumPath, launchChromium } from '../test/support/chromium.ts';
import { Launcher } from '../test/support/launcher.ts';

const OUT = fileURLToPath(new URL('../docs/picture.svg', import.meta.url));
const MAX_BYTES = 300_000;
const SIZE = { width: 1240, height: 560 };
const GRACE_MS = 4_000;
const QUALITY = 70;
const CAPTION_PX = 40;
const SECONDS_A_STEP = 3;

interface Step {
  readonly caption: string;
  /** WebP, base64. */
  readonly image: string;
}

const shot = async (page: Page): Promise<string> => {
  const devtools = await page.context().newCDPSession(page);
  const { data } = await devtools.send('Page.captureScreenshot', { format: 'webp', quality: QUALITY });
  await devtools.detach();
  return data;
};

const signIn = async (context: BrowserContext, url: string, name: string): Promise<Page> => {
  const page = await context.newPage();
  await page.goto(url);
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText(/^Connected/).waitFor();
  return page;
};

const shows = (page: Page, name: string, text: string | RegExp): Promise<void> =>
  page
    .getByRole('region', { name: 'Everyone' })
    .getByRole('listitem')
    .filter({ hasText: name })
    .filter({ hasText: text })
    .waitFor({ timeout: 15_000 });

/** What happens, and what Ada sees of it. */
const record = async (context: BrowserContext, url: string): Promise<Step[]> => {
  const steps: Step[] = [];
  const ada = await signIn(context, url, 'Ada Lovelace');
  const see = async (caption: string): Promise<void> => {
    await ada.bringToFront();
    await ada.waitForTimeout(300);
    steps.push({ caption, image: await shot(ada) });
  };
  const grace = await signIn(context, url, 'Grace Hopper');
  await signIn(context, url, 'Alan Turing');
  await shows(ada, 'Alan Turing', 'Online');
  await see('Three people are online.');
  await grace.getByText('Busy', { exact: true }).first().click();
  await grace.getByLabel('Status text').fill('In a call');
  await grace.getByLabel('Status text').press('Enter');
  await shows(ada, 'Grace Hopper', 'In a call');
  await see('Grace is busy: everybody sees it within milliseconds.');
  await grace.getByRole('button', { name: 'Drop connection' }).click();
  await shows(ada, 'Grace Hopper', /Offline in/);
  await see('Her connection is lost: for others nothing has changed yet, the grace runs.');
  await grace.getByRole('button', { name: 'Come back' }).click();
  await grace.getByText(/^Connected/).waitFor();
  await see('She is back within the grace: no transition.');
  await grace.getByRole('button', { name: 'Goodbye' }).click();
  await shows(ada, 'Grace Hopper', /Offline\s*seen/);
  await see('A goodbye counts at once.');
  return steps;
};

/** One picture for each step, shown in turn; who wants no motion sees the second. */
const svgOf = (steps: readonly Step[]): string => {
  const seconds = steps.length * SECONDS_A_STEP;
  const share = 100 / steps.length;
  const { width, height } = SIZE;
  const groups = steps.map(
    ({ caption, image }, at) => `<g class="step" style="animation-delay:${at * SECONDS_A_STEP}s">
<image width="${width}" height="${height}" href="data:image/webp;base64,${image}"/>
<rect y="${height}" width="${width}" height="${CAPTION_PX}" fill="#1f2937"/>
<text x="20" y="${height + 26}" fill="#fff" font-family="system-ui,sans-serif" font-size="18">${at + 1}. ${caption}</text>
</g>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height + CAPTION_PX}">
<title>The live page: ${steps.map(({ caption }) => caption).join(' ')}</title>
<style>
.step{opacity:0;animation:turn ${seconds}s step-end infinite}
@keyframes turn{0%{opacity:1}${share}%{opacity:0}}
@media (prefers-reduced-motion:reduce){.step{animation:none}.step:nth-of-type(2){opacity:1}}
</style>
${groups.join('\n')}
</svg>
`;
};

const executable = chromiumPath();
if (executable === undefined) throw new Error('no Chromium was found: set CHROMIUM_PATH');
const launcher = await Launcher.start('start', { REDIS_URL: 'memory:', OFFLINE_GRACE_MS: String(GRACE_MS) });
const browser = await launchChromium(executable);
try {
  const context = await browser.newContext({ viewport: SIZE, colorScheme: 'light' });
  const svg = svgOf(await record(context, launcher.page));
  if (svg.length > MAX_BYTES) throw new Error(`${svg.length} bytes are too many for a README`);
  writeFileSync(OUT, svg);
  console.log(`docs/picture.svg written, ${svg.length} bytes`);
} finally {
  await browser.close();
  await launcher.stop();
}
