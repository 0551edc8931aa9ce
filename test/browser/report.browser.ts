// A report in a real browser: Debian's `chromium`, or what CHROMIUM_PATH names. In: pages of compiled functions, small and of 2,000
// operations. Out: what a person sees and does there: pictures in colour, light and dark, by mouse and by keyboard, and no error.

import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import test from 'ava';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { compile, manualSeed, randn } from '../../index.ts';
import type { Tensor } from '../../index.ts';

const usual = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/opt/google/chrome/chrome',
];
const executablePath = process.env.CHROMIUM_PATH ?? usual.find((path) => existsSync(path));

let browser: Browser;
let folder: string;

/** A residual network of so many layers, forward and backward. */
async function writePage(name: string, layers: number): Promise<string> {
  manualSeed(0);
  const weights = Array.from({ length: layers }, () => randn([8, 8], { requiresGrad: true }));
  const step = compile(
    (x: Tensor) => {
      let h = x;
      for (const w of weights) h = h.matmul(w).tanh().add(h);
      const loss = h.square().mean();
      loss.backward();
      return loss;
    },
    { name },
  );
  step(randn([4, 8]));
  const path = join(folder, `${name}.html`);
  await writeFile(path, await step.programs[0].report());
  return pathToFileURL(path).href;
}

let small: string;
let large: string;

test.before('a browser and two pages', async (t) => {
  t.timeout(180_000);
  if (executablePath === undefined)
    throw new Error('no browser: install chromium, or name one in CHROMIUM_PATH');
  folder = await mkdtemp(join(tmpdir(), 'gradloom-report-'));
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  small = await writePage('small', 2);
  large = await writePage('large', 200);
});

test.after.always('the browser is closed', async () => {
  await browser?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** Opens a page; whatever the browser complains of, and whatever it loads besides, is noted. */
async function open(
  address: string,
  colorScheme: 'light' | 'dark' = 'light',
): Promise<{ page: Page; faults: string[] }> {
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 }, colorScheme });
  const faults: string[] = [];
  page.on('console', (message) => void faults.push(message.text()));
  page.on('pageerror', (error) => void faults.push(error.message));
  page.on('request', (request) => {
    if (request.url() !== address && !request.url().startsWith('data:'))
      faults.push(`loads ${request.url()}`);
  });
  await page.goto(address, { timeout: 90_000 });
  return { page, faults };
}

interface Colours {
  /** Of the ground, from 0 (black) to 255. */
  readonly ground: number;
  /** Hues of coloured areas, in steps of 30 degrees. */
  readonly hues: number;
  readonly coloured: number;
}

/** What is on a picture of the screen, counted by the browser itself. */
async function coloursOf(page: Page, selector: string): Promise<Colours> {
  const png = await page.locator(selector).screenshot();
  const other = await browser.newPage();
  const colours = await other.evaluate(async (base64): Promise<Colours> => {
    const blob = await (await fetch(`data:image/png;base64,${base64}`)).blob();
    const bitmap = await createImageBitmap(blob);
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d')!;
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
    const counts = new Map<number, number>();
    const grounds = new Map<number, number>();
    let coloured = 0;
    for (let i = 0; i < data.length; i += 4) {
      const [r, g, b] = data.subarray(i, i + 3);
      const [max, min] = [Math.max(r, g, b), Math.min(r, g, b)];
      grounds.set(Math.round((r + g + b) / 3), (grounds.get(Math.round((r + g + b) / 3)) ?? 0) + 1);
      if (max - min < 20) continue;
      coloured++;
      const sector =
        max === r ? (g - b) / (max - min) : max === g ? 2 + (b - r) / (max - min) : 4 + (r - g) / (max - min);
      const hue = Math.round((((sector + 6) % 6) * 60) / 30);
      counts.set(hue, (counts.get(hue) ?? 0) + 1);
    }
    const ground = [...grounds].sort((a, b) => b[1] - a[1])[0][0];
    return { ground, hues: [...counts.values()].filter((n) => n > 200).length, coloured };
  }, png.toString('base64'));
  await other.close();
  return colours;
}

test.serial('a click on an operation shows its kernel and the line of the user', async (t) => {
  const { page, faults } = await open(small);
  await page.locator('#p0-after .op.computed', { hasText: 'tanh' }).first().click();
  const panel = page.getByRole('complementary', { name: 'The chosen operation' });
  t.regex(await panel.locator('.line').innerText(), /report\.browser\.ts:\d+:\d+/);
  t.regex(await panel.innerText(), /h = h\.matmul\(w\)\.tanh\(\)\.add\(h\)/);
  t.regex(await panel.locator('pre').last().innerText(), /^\/\/ for [^]*function \w+\(\) \{/);
  t.true((await page.locator('#p0-after .op.same').count()) > 1);
  t.deepEqual(faults, []);
});

test.serial('the lists under the pictures choose operations too', async (t) => {
  const { page, faults } = await open(small);
  await page.getByText('Graph before optimisation as a list').click();
  await page
    .getByRole('button', { name: /= tanh / })
    .and(page.locator('[data-op]'))
    .first()
    .click();
  t.is(await page.locator('#p0-before .op[aria-pressed=true]').count(), 1);
  t.regex(await page.getByRole('complementary').locator('h3').innerText(), /= tanh /);
  t.deepEqual(faults, []);
});

test.serial('a picture is one stop of the tab key, and arrows walk through it', async (t) => {
  const { page, faults } = await open(small);
  t.is(await page.locator('#p0-after .op[tabindex="0"]').count(), 1);
  await page.locator('#p0-after .op[tabindex="0"]').focus();
  await page.keyboard.press('ArrowDown');
  const label = await page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? '');
  t.regex(label, /kernel \d/);
  await page.keyboard.press('Enter');
  t.is(await page.locator('.op[aria-pressed=true]').count(), 1);
  t.true(label.startsWith(await page.getByRole('complementary').locator('h3').innerText()));
  t.is(await page.locator('#p0-after .op[tabindex="0"]').count(), 1);
  t.deepEqual(faults, []);
});

for (const scheme of ['light', 'dark'] as const)
  test.serial(`kernels have colours that can be told apart in ${scheme}`, async (t) => {
    const { page, faults } = await open(small, scheme);
    const { ground, hues, coloured } = await coloursOf(page, '.frame >> nth=1');
    t.true(scheme === 'light' ? ground > 200 : ground < 60, `ground ${ground}`);
    t.true(hues >= 3, `${hues} hues`);
    t.true(coloured > 5000, `${coloured} pixels`);
    const memory = await coloursOf(page, '.frame:has(.timeline)');
    t.true(memory.coloured > 5000);
    t.deepEqual(faults, []);
  });

test.serial('text has the contrast that WCAG asks for, in light and dark', async (t) => {
  for (const scheme of ['light', 'dark'] as const) {
    const { page } = await open(small, scheme);
    await page.locator('article pre').first().scrollIntoViewIfNeeded();
    await page.locator('article pre .keyword').first().waitFor(); // sources get their colours in sight
    const worst = await page.evaluate(() => {
      const channel = (c: number): number => (c <= 10.31 ? c / 3294.6 : ((c / 255 + 0.055) / 1.055) ** 2.4);
      const rgb = (text: string): number[] => (text.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number);
      const light = (text: string): number => {
        const [r, g, b] = rgb(text).map(channel);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const contrast = (a: string, b: string): number => {
        const [x, y] = [light(a), light(b)];
        return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
      };
      const boxes = [...document.querySelectorAll('.op.computed')].map((box) =>
        contrast(
          getComputedStyle(box.querySelector('text')!).fill,
          getComputedStyle(box.querySelector('rect')!).fill,
        ),
      );
      const ground = getComputedStyle(document.querySelector('pre')!).backgroundColor;
      const code = [...document.querySelectorAll('pre span, .soft')].map((s) =>
        contrast(getComputedStyle(s).color, ground),
      );
      return Math.min(...boxes, ...code);
    });
    t.true(worst >= 4.5, `${scheme}: ${worst}`);
  }
});

test.serial('a graph of 2,000 operations can be opened, chosen from and shrunk', async (t) => {
  t.timeout(120_000);
  const { page, faults } = await open(large);
  t.true((await page.locator('#p0-after .op').count()) >= 2000);
  const box = page.locator('#p0-after .op.computed').nth(700);
  await box.scrollIntoViewIfNeeded();
  await box.click();
  t.is(await box.getAttribute('aria-pressed'), 'true');
  t.regex(await page.getByRole('complementary').locator('pre').last().innerText(), /function \w+\(\)/);
  const before = await page.locator('#p0-after').getAttribute('width');
  await page.getByRole('button', { name: 'Smaller' }).last().click();
  t.true(Number(await page.locator('#p0-after').getAttribute('width')) < Number(before));
  t.true((await coloursOf(page, '.frame >> nth=1')).hues >= 3);
  t.deepEqual(faults, []);
});
