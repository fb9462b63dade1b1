// SPDX-License-Identifier: GPL-3.0-or-later
// The portal in Chromium, steered from another program: one JSON object a line in, {"do": NAME, …arguments}, and one out,
// {"result": …} or {"error": …}. The browser ends with its standard input.

import { createInterface } from 'node:readline';
import { desktopShown, layoutShift, openBrowser, openPage, signIn, toolbarChord, violations } from './browser.mjs';

const browser = await openBrowser();
const page = await openPage(browser);

const SHIFTED = /[A-Z~!@#$%^&*()_+{}|:"<>?]/;

/** As fingers do it on an American keyboard: with Shift where a character needs it. Playwright's own type() leaves that key out. */
async function typeAsPeopleDo(text) {
  for (const character of text) {
    const shift = SHIFTED.test(character);
    if (shift) {
      await page.keyboard.down('Shift');
    }
    await page.keyboard.press(character === '\n' ? 'Enter' : character, { delay: 20 });
    if (shift) {
      await page.keyboard.up('Shift');
    }
  }
}

const COMMANDS = {
  open: ({ url }) => page.goto(url).then(() => null),
  allowClipboard: async ({ origin }) => {
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin });
    // A headless page counts as without focus whenever nothing clicks in it.
    await page.addInitScript(() => { document.hasFocus = () => true; });
  },
  signIn: ({ user, password }) => signIn(page, user, password),
  click: ({ role, name, within }) => page.locator(within ?? 'body').getByRole(role, { name, exact: true }).click(),
  toolbar: async ({ name }) => {
    await page.locator('.toolbar-dock').hover();
    await page.getByRole('toolbar').getByRole('button', { name, exact: true }).click();
  },
  chord: () => toolbarChord(page),
  waitFor: ({ selector, text, timeout }) => {
    const found = page.locator(selector);
    return (text ? found.filter({ hasText: text }) : found).first().waitFor({ timeout });
  },
  desktopShown: ({ timeout }) => desktopShown(page, timeout),
  settled: ({ timeout }) => page.waitForSelector('.screen.is-settled', { timeout }).then(() => null),
  link: () => page.evaluate(() => document.querySelector('.desktop')?.dataset.link ?? null),
  type: ({ text }) => typeAsPeopleDo(text),
  clickScreen: ({ x, y }) => page.locator('.screen canvas').click({ position: { x, y } }),
  viewport: (size) => page.setViewportSize(size),
  readClipboard: () => page.evaluate(() => navigator.clipboard.readText()),
  writeClipboard: ({ text }) => page.evaluate(async (value) => {
    await navigator.clipboard.writeText(value);
    window.dispatchEvent(new Event('focus'));
  }, text),
  canvas: () => page.evaluate(() => document.querySelector('.screen canvas').toDataURL('image/png').split(',')[1]),
  screenshot: ({ path }) => page.screenshot({ path }).then(() => null),
  count: ({ selector }) => page.locator(selector).count(),
  address: () => page.url(),
  trouble: async () => ({ errors: page.errors, violations: await violations(page), shift: await layoutShift(page) }),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { do: name, ...values } = JSON.parse(line);
  let answer;
  try {
    answer = { result: await COMMANDS[name](values) ?? null };
  } catch (error) {
    answer = { error: String(error?.message ?? error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
