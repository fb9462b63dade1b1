// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { signIn } from './browser.mjs';
import { scenario, signedIn } from './fixture.mjs';

const message = (page) => page.locator('#login-message');

scenario('sign-in shows the product and the broker’s title', async ({ broker, page, open }) => {
  await open();
  await page.getByRole('heading', { name: 'Oriel' }).waitFor();
  await page.getByText('Sign in to Looking-Glass University').waitFor();
  assert.match(await page.title(), /Sign in – Oriel/);
  assert.ok(!broker.requests.includes('GET /api/v1/me'), 'a stranger is not asked who he is: the browser would log the refusal');
});

scenario('a wrong password is said, and the next try works', async ({ page, open }) => {
  await open();
  await signIn(page, 'alice', 'queen');
  await message(page).getByText('The user name or the password is not right.').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.id), 'password');
  await signIn(page, 'alice', 'wonderland');
  await page.getByRole('heading', { name: 'Hello, Alice Liddell' }).waitFor();
});

scenario('empty fields are asked for without a call', async ({ broker, page, open }) => {
  await open();
  await page.getByRole('button', { name: 'Sign in' }).click();
  await message(page).getByText('Please enter your user name and your password.').waitFor();
  assert.ok(!broker.requests.includes('POST /api/v1/login'));
});

scenario('too many tries says how long, counts down, and opens again by itself', async ({ broker, page, open }) => {
  await open();
  broker.blockedFor = 3;
  await signIn(page, 'alice', 'queen');
  await message(page).getByText(/Too many tries\. Please try again in 3 seconds/).waitFor();
  assert.ok(await page.getByRole('button', { name: 'Sign in' }).isDisabled());
  broker.blockedFor = 0;
  await page.waitForSelector('button[type="submit"]:not(:disabled)');
  await signIn(page, 'alice', 'wonderland');
  await page.getByRole('heading', { name: 'Hello, Alice Liddell' }).waitFor();
});

scenario('a broker that is away when the page opens is waited for', async ({ page, open }) => {
  await signedIn({ page, open });
  await page.getByRole('heading', { name: 'Hello, Alice Liddell' }).waitFor();
  await page.route('**/api/v1/me', (route) => route.abort());
  await page.reload();
  await page.locator('#net-banner').getByText('The broker does not answer').waitFor();
  await page.unroute('**/api/v1/me');
  await page.getByRole('heading', { name: 'Hello, Alice Liddell' }).waitFor();
  assert.ok(await page.locator('#net-banner').isHidden());
});

scenario('a broker that is away at sign-in is said', async ({ broker, page, open }) => {
  await open();
  await page.getByLabel('User name').waitFor();
  await broker.stop();
  await signIn(page, 'alice', 'wonderland');
  await message(page).getByText('The broker does not answer').waitFor();
  await broker.start();
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Hello, Alice Liddell' }).waitFor();
});

scenario('an expired sign-in leads to sign-in and back to where it was', async ({ broker, page, open }) => {
  await signedIn({ page, open });
  await page.getByRole('button', { name: 'Open Debian desktop' }).waitFor();
  broker.expireSignIns();
  await page.getByRole('button', { name: 'Open Debian desktop' }).click();
  await message(page).getByText('Your sign-in has expired').waitFor();
  await signIn(page, 'alice', 'wonderland');
  await page.waitForSelector('.desktop[data-link="connected"]');
  assert.match(page.url(), /#\/desktop\/demo$/);
});

scenario('signing out forgets the session, also after a reload', async ({ page, open }) => {
  await signedIn({ page, open });
  await page.getByRole('button', { name: 'Sign out' }).click();
  await message(page).getByText('You are signed out.').waitFor();
  await page.reload();
  await page.getByLabel('User name').waitFor();
});

scenario('signing in again in another tab does not break this one', async ({ page, open }) => {
  await signedIn({ page, open });
  await page.getByRole('button', { name: 'Open Debian desktop' }).waitFor();
  const other = await page.context().newPage();
  await other.goto(page.url());
  await other.evaluate(() => fetch('/api/v1/login', {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ username: 'alice', password: 'wonderland', cookie: true }),
  }));
  await other.close();
  await page.getByRole('button', { name: 'Open Debian desktop' }).click();
  await page.waitForSelector('.desktop[data-link="connected"]');
});
