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

/** Nothing of it, as it is wanted, is out of the window or out of reach by scrolling. */
async function fits(page, selector) {
  return page.locator(selector).evaluate((element) => {
    const box = element.getBoundingClientRect();
    const within = element.scrollWidth <= element.clientWidth;
    return within && box.left >= 0 && box.right <= innerWidth && box.bottom <= innerHeight;
  });
}

// The second is a page of 1280 × 800 at 200 %.
for (const viewport of [{ width: 360, height: 640 }, { width: 640, height: 400 }]) {
  const size = `${viewport.width} × ${viewport.height}`;
  scenario(`menus and the clipboard fit a page of ${size}`, async ({ page, open }) => {
    await signedIn({ page, open }, '/#/desktop/demo');
    await desktopShown(page);
    for (const menu of ['Keys', 'More']) {
      await page.locator('.toolbar-dock').hover();
      await page.getByRole('toolbar').getByRole('button', { name: menu }).click();
      assert.ok(await fits(page, '.menu:not([hidden])'), `the menu “${menu}”`);
      await page.keyboard.press('Escape');
    }
    await page.getByRole('toolbar').getByRole('button', { name: 'Clipboard' }).click();
    assert.ok(await fits(page, '.clipboard'), 'the clipboard');
    await page.getByRole('button', { name: 'Close', exact: true }).click();
  }, { page: { viewport } });
}

scenario('on a telephone the button to sign in is seen at once, and each button has a name', async ({ page, open }) => {
  await open();
  const box = await page.getByRole('button', { name: 'Sign in' }).boundingBox();
  assert.ok(box.y + box.height <= 640, `it ends at ${box.y + box.height}`);
  await signIn(page, 'alice', 'wonderland');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByText('You are signed out.').first().waitFor();
}, { page: { viewport: { width: 360, height: 640 } } });

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
  const bar = page.getByRole('progressbar', { name: 'Progress of Debian' });
  await bar.waitFor();
  assert.equal(await bar.getAttribute('aria-valuenow'), '12');
  // the list is looked at again meanwhile, and who is at the button stays there
  await page.getByRole('button', { name: 'Stop importing next' }).focus();
  broker.images[1].progress = 13;
  await page.waitForFunction(() => document.querySelector('.progress').getAttribute('aria-valuenow') === '13');
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Stop importing next');
  assert.equal(await page.getByRole('button', { name: 'Stop importing' }).count(), 1);
  await page.getByRole('button', { name: 'Stop importing next' }).click();
  await page.getByRole('cell', { name: 'The import was cancelled.' }).waitFor();
  assert.equal(await page.getByRole('button', { name: 'Stop importing' }).count(), 0);
});

scenario('an administrator follows a template, and stops it', async ({ broker, page, open }) => {
  broker.users.alice.roles = ['admin'];
  const template = { host: 'local', image: 'debian', desktops: 0, pools: ['lab'], reason: null, size_bytes: 0 };
  broker.templates = [
    { ...template, name: 'one', state: 'making', progress: 37, step_text: 'Waiting for the desktop (48 s)' },
    { ...template, name: 'two', state: 'failed', progress: 0, reason: 'The guest’s agent did not answer for 120 s.' },
    { ...template, name: 'three', state: 'ready', progress: 100, size_bytes: 734003200 },
  ];
  await signedIn({ page, open });
  await page.getByRole('link', { name: 'Administration' }).click();
  await page.getByRole('tab', { name: 'Templates' }).click();
  await page.getByText('Waiting for the desktop', { exact: true }).waitFor();
  await page.getByText('The guest’s agent did not answer for 120 s.').waitFor();
  await page.getByRole('cell', { name: '700 MiB' }).waitFor();
  await page.getByRole('button', { name: 'Stop making one' }).click();
  await page.getByText('The making was cancelled.').waitFor();
  await page.locator('#live-polite').getByText('one').waitFor({ state: 'attached' });
  assert.equal(await page.getByRole('button', { name: 'Stop making' }).count(), 0);
});

scenario('a host tells memory asked, used and shared, and how many more fit', async ({ broker, page, open }) => {
  broker.users.alice.roles = ['admin'];
  broker.hosts = [{
    name: 'local', state: 'up', accelerator: 'tcg', accelerator_reason: 'There is no /dev/kvm.', memory_mib: 24064,
    memory: { asked_mib: 6144, used_mib: 1420, shared_mib: 786 }, desktops: 4, desktops_fit: 9, disk_free_mib: 512000, reason: null,
  }];
  await signedIn({ page, open });
  await page.getByRole('link', { name: 'Administration' }).click();
  await page.getByRole('tab', { name: 'Sessions' }).focus();
  await page.keyboard.press('End'); // by keyboard to the last tab
  await page.getByText('There is no /dev/kvm.').waitFor();
  for (const text of ['23.5 GiB', '6 GiB', '1.4 GiB', '786 MiB', '9', '500 GiB']) {
    await page.getByRole('cell', { name: text, exact: true }).waitFor();
  }
});

scenario('lists are cards on a narrow page, and tables to a screen reader', async ({ broker, page, open }) => {
  broker.users.alice.roles = ['admin'];
  broker.images = [{ name: 'debian', title: 'A title that is far longer than a telephone is wide, for once', host: 'local', state: 'failed', progress: 8, desktops: 0, size_bytes: 0,
    reason: 'The disk refers to another file as its backing file, and an image has to stand alone.' }];
  broker.pools[0].title = 'A desktop-with-a-very-long-name-that-has-no-place-to-break-at-all';
  await signedIn({ page, open });
  await page.getByRole('button', { name: /^Open A desktop/ }).waitFor();
  const sticksOut = () => page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  assert.equal(await sticksOut(), false, 'the choice sticks out sideways');
  await page.getByRole('link', { name: 'Administration' }).click();
  await page.getByRole('tab', { name: 'Images' }).click();
  await page.getByRole('table', { name: 'Images' }).getByText('has to stand alone').waitFor();
  assert.equal(await sticksOut(), false, 'the list sticks out sideways');
  assert.equal(await page.locator('.table-frame').evaluate((frame) => frame.scrollWidth > frame.clientWidth), false);
  assert.ok(await page.getByRole('columnheader', { name: 'State' }).count() === 1);
}, { page: { viewport: { width: 390, height: 844 } } });
