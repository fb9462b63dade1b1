// SPDX-License-Identifier: GPL-3.0-or-later
// What the scenarios share: one browser for a file, a fresh broker and a fresh page for each scenario.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openBrowser, openPage, signIn, violations } from './browser.mjs';
import { MockBroker } from './mock/broker.mjs';

let browser = null;

if (!process.env.ORIEL_LIST_ONLY) {
  after(async () => { await browser?.close(); });
}

/**
 * One scenario: run({broker, page, open}) with a broker of its own. open(path?) goes to the portal. At the end nothing may have
 * been refused by the content policy, no error may stand in the console, and no address may have held a ticket or a password.
 */
export function scenario(name, run, { page: pageOptions, errors = [] } = {}) {
  if (process.env.ORIEL_LIST_ONLY) {
    console.log(name);
    return;
  }
  test(name, { timeout: 60000 }, async () => {
    browser ??= await openBrowser();
    const broker = new MockBroker();
    await broker.start();
    const page = await openPage(browser, pageOptions);
    try {
      await run({ broker, page, open: (path = '/') => page.goto(broker.url + path) });
      assert.deepEqual(await violations(page), []);
      assert.deepEqual(page.errors.filter((error) => !errors.some((expected) => expected.test(error))), []);
      for (const line of broker.requests) {
        assert.doesNotMatch(line, /ticket|wonderland/i);
      }
    } finally {
      await page.context().close();
      await broker.stop();
    }
  });
}

/** Signs in as the user everybody is. */
export async function signedIn({ page, open }, path) {
  await open(path);
  await signIn(page, 'alice', 'wonderland');
}

/** Waits until condition() is true; a test never sleeps for a guess. */
export async function eventually(condition, what, timeout = 10000) {
  const deadline = Date.now() + timeout;
  while (!await condition()) {
    assert.ok(Date.now() < deadline, `in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
