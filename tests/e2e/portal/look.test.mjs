// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { desktopShown, layoutShift, signIn, toolbarChord } from './browser.mjs';
import { eventually, scenario, signedIn } from './fixture.mjs';

const background = (page) => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
const isLight = (colour) => Number(/\d+/.exec(colour)[0]) > 128;

/** Presses Tab until what has the focus is called so. */
async function tabTo(page, name) {
  for (let tries = 0; tries < 30; tries++) {
    await page.keyboard.press('Tab');
    const focused = await page.evaluate(() => {
      const element = document.activeElement;
      return { name: element.getAttribute('aria-label') ?? element.labels?.[0]?.textContent ?? element.textContent, ring: getComputedStyle(element).outlineStyle };
    });
    if (focused.name === name) {
      assert.equal(focused.ring, 'solid', `${name} shows that it has the focus`);
      return;
    }
  }
  assert.fail(`${name} is not reached by Tab`);
}

for (const scheme of ['light', 'dark']) {
  scenario(`the page follows a ${scheme} system, and the toggle is remembered`, async ({ page, open }) => {
    await open();
    const light = scheme === 'light';
    assert.equal(isLight(await background(page)), light);
    await page.getByRole('button', { name: light ? 'Use dark colours' : 'Use light colours' }).click();
    assert.equal(isLight(await background(page)), !light);
    await page.reload();
    await page.getByLabel('User name').waitFor();
    assert.equal(isLight(await background(page)), !light);
    await page.getByRole('button', { name: light ? 'Use light colours' : 'Use dark colours' }).click();
    assert.equal(await page.evaluate(() => localStorage.getItem('oriel.theme')), null);
  }, { page: { colorScheme: scheme } });
}

for (const [name, viewport] of [['wide', { width: 1280, height: 800 }], ['narrow', { width: 390, height: 800 }]]) {
  scenario(`nothing jumps on a ${name} page, from sign-in to the desktop and back`, async ({ page, open }) => {
    await open();
    await signIn(page, 'alice', 'queen');
    await page.getByText('is not right').first().waitFor();
    await signIn(page, 'alice', 'wonderland');
    await page.getByRole('button', { name: 'Open Debian desktop' }).click();
    await desktopShown(page);
    await page.waitForSelector('.screen.is-settled');
    await page.locator('.toolbar-dock').hover();
    await page.getByRole('toolbar').getByRole('button', { name: 'Disconnect' }).click();
    await page.locator('.card-state').getByText('Running – continue').waitFor();
    const shift = await layoutShift(page);
    assert.ok(shift < 0.02, `layout shift ${shift}`);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false, 'nothing sticks out sideways');
  }, { page: { viewport } });
}

scenario('everything is done by keyboard alone', async ({ broker, page, open }) => {
  await open();
  await page.waitForFunction(() => document.activeElement.id === 'username');
  await page.keyboard.type('alice');
  await tabTo(page, 'Password');
  await page.keyboard.type('wonderland');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Open Debian desktop' }).waitFor();
  await tabTo(page, 'Open Debian desktop');
  await page.keyboard.press('Enter');
  await desktopShown(page);
  await page.keyboard.type('ok');
  await eventually(() => broker.desktop.typed === 'ok', 'the desktop has the keyboard');
  await toolbarChord(page);
  await page.waitForFunction(() => document.activeElement.closest('.toolbar'));
  await tabTo(page, 'Log off');
  await page.keyboard.press('Enter');
  await tabTo(page, 'Log off');
  await page.keyboard.press('Enter');
  await page.locator('.page-message').getByText('You are logged off').waitFor();
});

scenario('the skip link leads past the bar', async ({ page, open }) => {
  await signedIn({ page, open });
  await page.getByRole('heading', { name: 'Hello, Alice Liddell' }).waitFor();
  await page.reload();
  await page.getByRole('button', { name: 'Open Debian desktop' }).waitFor();
  await page.locator('#skip').focus();
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.tagName), 'H1');
  assert.match(page.url(), /\/$|#\/$/);
});

scenario('another language is spoken throughout', async ({ page, open }) => {
  await open();
  await page.getByLabel('Benutzername').fill('alice');
  await page.getByLabel('Passwort', { exact: true }).fill('wonderland');
  await page.getByRole('button', { name: 'Anmelden' }).click();
  await page.getByRole('heading', { name: 'Guten Tag, Alice Liddell' }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'de');
}, { page: { locale: 'de-AT' } });

scenario('an administrator sees what there is', async ({ broker, page, open }) => {
  broker.users.alice.roles = ['admin'];
  await signedIn({ page, open });
  await page.getByRole('link', { name: 'Administration' }).click();
  await page.getByText('There are none.').waitFor();
  await page.getByRole('tab', { name: 'Pools' }).click();
  await page.getByRole('cell', { name: 'Physics laboratory' }).waitFor();
});

scenario('an administrator stops an import', async ({ broker, page, open }) => {
  broker.users.alice.roles = ['admin'];
  const image = { title: 'Debian', host: 'local', desktops: 0, reason: null };
  broker.images = [
    { ...image, name: 'old', state: 'ready', progress: 100 },
    { ...image, name: 'next', state: 'importing', progress: 12 },
  ];
  await signedIn({ page, open });
  await page.getByRole('link', { name: 'Administration' }).click();
  await page.getByRole('tab', { name: 'Images' }).click();
  await page.getByRole('cell', { name: '12 %' }).waitFor();
  assert.equal(await page.getByRole('button', { name: 'Stop importing' }).count(), 1);
  await page.getByRole('button', { name: 'Stop importing next' }).click();
  await page.getByRole('cell', { name: 'The import was cancelled.' }).waitFor();
  assert.equal(await page.getByRole('button', { name: 'Stop importing' }).count(), 0);
});
