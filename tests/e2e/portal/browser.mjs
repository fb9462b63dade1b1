// SPDX-License-Identifier: GPL-3.0-or-later
// A headless Chromium of our own for each test, and what every test wants to know about a page: errors, refused content, layout shifts.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const QUIET = ['--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-gpu',
  '--disable-dev-shm-usage'];

/** Starts Chromium, with its profile in a folder that goes away with it. */
export async function openBrowser() {
  const profile = mkdtempSync(join(tmpdir(), 'oriel-chromium-'));
  const browser = await chromium.launch({
    executablePath: process.env.ORIEL_CHROMIUM ?? '/usr/bin/chromium',
    chromiumSandbox: false,
    args: [...QUIET, `--crash-dumps-dir=${profile}`],
  });
  browser.on('disconnected', () => rmSync(profile, { recursive: true, force: true }));
  return browser;
}

/** Collects, in every page, what a person would not see but a test must. */
function watchPage() {
  window.layoutShift = 0;
  window.violations = [];
  document.addEventListener('securitypolicyviolation', (event) => {
    window.violations.push(`${event.violatedDirective}: ${event.blockedURI}`);
  });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      window.layoutShift += entry.value; // those after a click too: nothing may jump
    }
  }).observe({ type: 'layout-shift', buffered: true });
}

/** A page in a context of its own. page.errors fills with console errors, failed scripts, and refused content. */
export async function openPage(browser, options = {}) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1280, height: 800 }, locale: 'en-GB', ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(Number(process.env.ORIEL_PAGE_TIMEOUT ?? 15000));
  page.errors = [];
  page.on('console', (message) => {
    // The browser itself logs answers like 401 as errors: they are answers the page expects.
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) {
      page.errors.push(message.text());
    }
  });
  page.on('pageerror', (error) => page.errors.push(String(error)));
  await page.addInitScript(watchPage);
  return page;
}

export async function signIn(page, user, password) {
  await page.getByLabel('User name').fill(user);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** Waits for the desktop's stream, and for a picture in it. */
export async function desktopShown(page, timeout) {
  await page.waitForSelector('.desktop[data-link="connected"]', { timeout });
  await page.waitForFunction(() => {
    const canvas = document.querySelector('.screen canvas');
    if (!canvas || canvas.width < 64) {
      return false;
    }
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const colours = new Set();
    for (let at = 0; at < data.length; at += 4 * 97) {
      colours.add((data[at] << 16) | (data[at + 1] << 8) | data[at + 2]);
    }
    return colours.size >= 3;
  }, undefined, { timeout, polling: 200 });
}

export async function layoutShift(page) {
  return page.evaluate(() => window.layoutShift);
}

export async function violations(page) {
  return page.evaluate(() => window.violations);
}

/** The chord that leads out of the desktop. */
export async function toolbarChord(page) {
  for (const key of ['Control', 'Alt', 'Shift']) {
    await page.keyboard.down(key);
  }
  for (const key of ['Shift', 'Alt', 'Control']) {
    await page.keyboard.up(key);
  }
}
