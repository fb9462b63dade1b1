// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { desktopShown, toolbarChord } from './browser.mjs';
import { eventually, scenario, signedIn } from './fixture.mjs';

const CUT_OFF = [/Failed when connecting/, /WebSocket connection to/];

async function inDesktop({ page, open }) {
  await signedIn({ page, open }, '/#/desktop/demo');
  await desktopShown(page);
}

async function toolbar(page, name) {
  await page.locator('.toolbar-dock').hover();
  await page.getByRole('toolbar').getByRole('button', { name, exact: true }).click();
}

scenario('the ticket travels as a subprotocol, never in an address', async ({ broker, page, open }) => {
  await inDesktop({ page, open });
  assert.equal(broker.protocols.length, 1);
  assert.equal(broker.protocols[0][0], 'binary');
  assert.match(broker.protocols[0][1], /^oriel\.ticket\.[\w-]{43}$/);
});

scenario('typing reaches the desktop', async ({ broker, page, open }) => {
  await inDesktop({ page, open });
  await page.keyboard.type('Hello World');
  await eventually(() => broker.desktop.typed === 'Hello World', 'the desktop has the letters');
});

scenario('the desktop follows the window', async ({ broker, page, open }) => {
  await inDesktop({ page, open });
  await eventually(() => String(broker.desktop.sizes.at(-1)) === '1280,800', 'the first size');
  await page.setViewportSize({ width: 1000, height: 700 });
  await eventually(() => String(broker.desktop.sizes.at(-1)) === '1000,700', 'the new size');
  await toolbar(page, 'More');
  await page.getByRole('menuitemcheckbox', { name: 'Desktop follows the window' }).click();
  await page.setViewportSize({ width: 800, height: 600 });
  await page.waitForFunction(() => document.querySelector('.screen canvas').getBoundingClientRect().width <= 800);
  assert.equal(String(broker.desktop.sizes.at(-1)), '1000,700');
});

scenario('keys that the browser keeps are in the menu', async ({ broker, page, open }) => {
  await inDesktop({ page, open });
  await toolbar(page, 'Keys');
  await page.getByRole('menuitem', { name: 'Ctrl + Alt + Del' }).click();
  await eventually(() => broker.desktop.keys.length === 6, 'three keys down and up');
  assert.deepEqual(broker.desktop.keys.map(({ keysym, down }) => [keysym, down]), [
    [0xffe3, true], [0xffe9, true], [0xffff, true], [0xffff, false], [0xffe9, false], [0xffe3, false],
  ]);
  await page.keyboard.type('x');
  await eventually(() => broker.desktop.typed === 'x', 'the keyboard is back in the desktop');
});

scenario('the clipboard goes both ways by itself where the browser allows it', async ({ broker, page, open }) => {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: broker.url });
  await page.addInitScript(() => { document.hasFocus = () => true; });
  await inDesktop({ page, open });
  broker.desktop.copy('from the desktop');
  await eventually(async () => await page.evaluate(() => navigator.clipboard.readText()) === 'from the desktop', 'this computer has the text');
  await page.evaluate(() => navigator.clipboard.writeText('from this computer'));
  await page.evaluate(() => window.dispatchEvent(new Event('focus')));
  await eventually(() => broker.desktop.clipboard === 'from this computer', 'the desktop has the text');
});

scenario('the clipboard panel works without the browser’s leave', async ({ broker, page, open }) => {
  await inDesktop({ page, open });
  await toolbar(page, 'Clipboard');
  await page.getByLabel('Text in the desktop’s clipboard').fill('by hand');
  await page.getByRole('button', { name: 'Put into the desktop’s clipboard' }).click();
  await page.getByText('The desktop has the text now.').waitFor();
  await eventually(() => broker.desktop.clipboard === 'by hand', 'the desktop has the text');
  broker.desktop.copy('an answer');
  await eventually(async () => await page.getByLabel('Text in the desktop’s clipboard').inputValue() === 'an answer', 'the panel has the answer');
  await page.keyboard.press('Escape');
  assert.ok(await page.getByLabel('Text in the desktop’s clipboard').isHidden());
  await page.keyboard.type('x');
  await eventually(() => broker.desktop.typed === 'x', 'the keyboard is back in the desktop');
});

scenario('a lost stream is back by itself with a new ticket', async ({ broker, page, open }) => {
  await inDesktop({ page, open });
  broker.desktop.drop(1012);
  await eventually(() => broker.protocols.length === 2, 'a second stream');
  await desktopShown(page);
  assert.notEqual(broker.protocols[0][1], broker.protocols[1][1]);
  await page.keyboard.type('again');
  await eventually(() => broker.desktop.typed === 'again', 'typing works again');
}, { errors: CUT_OFF });

scenario('a broker that was away is back within three seconds, with the last picture kept', async ({ broker, page, open }) => {
  await inDesktop({ page, open });
  await broker.stop();
  await page.locator('.curtain').getByText('The connection was lost').waitFor();
  const kept = await page.locator('.last-picture').evaluate((canvas) => [canvas.width, canvas.hidden]);
  assert.deepEqual(kept, [1280, false]);
  await broker.start();
  const began = Date.now();
  await page.waitForSelector('.desktop[data-link="connected"]');
  assert.ok(Date.now() - began < 3000, `back after ${Date.now() - began} ms`);
}, { errors: CUT_OFF });

scenario('a network that was away is noticed, and begun anew when it is back', async ({ broker, page, open }) => {
  await inDesktop({ page, open });
  await page.context().setOffline(true);
  await page.locator('.curtain').getByText('Your network is away').waitFor();
  await page.context().setOffline(false);
  await eventually(() => broker.protocols.length >= 2, 'a new stream');
  await page.waitForSelector('.desktop[data-link="connected"]');
}, { errors: [...CUT_OFF, /./] });

scenario('a session that an administrator ended says so', async ({ broker, page, open }) => {
  await inDesktop({ page, open });
  broker.sessions = [];
  broker.desktop.drop(1000);
  await page.getByRole('heading', { name: 'This session has ended' }).waitFor();
  await page.getByRole('button', { name: 'Start it again' }).click();
  await desktopShown(page);
}, { errors: CUT_OFF });

scenario('a desktop that starts anew shows its steps again', async ({ broker, page, open }) => {
  await inDesktop({ page, open });
  Object.assign(broker.sessions[0], { state: 'starting', step: 'boot', step_text: 'Debian is starting', progress: 40 });
  broker.desktop.drop(1012);
  await page.locator('.starting-doing').getByText('Debian is starting').waitFor();
  broker.advance(broker.sessions[0]);
  broker.advance(broker.sessions[0]);
  await desktopShown(page);
}, { errors: CUT_OFF });

scenario('a desktop that is paused says why, until it goes on', async ({ broker, page, open }) => {
  await inDesktop({ page, open });
  Object.assign(broker.sessions[0], { paused: true, reason: 'This host’s disk is full.' });
  broker.changed();
  await page.locator('.curtain.is-shown').getByText('the disk of its host is full').waitFor();
  Object.assign(broker.sessions[0], { paused: false, reason: null });
  broker.changed();
  await eventually(() => page.locator('.curtain.is-shown').count().then((count) => count === 0), 'the words are gone');
  Object.assign(broker.sessions[0], { paused: true, answers: false, reason: 'It has not answered for a while.' });
  broker.changed();
  await page.locator('.curtain.is-shown').getByText('does not answer').waitFor();
  Object.assign(broker.sessions[0], { paused: false, answers: true, reason: null });
  broker.changed();
  await eventually(() => page.locator('.curtain.is-shown').count().then((count) => count === 0), 'the words are gone');
  await page.keyboard.type('x');
  await eventually(() => broker.desktop.typed === 'x', 'the keyboard is in the desktop');
});

scenario('disconnecting leaves the desktop running; logging off does not', async ({ broker, page, open }) => {
  await inDesktop({ page, open });
  await toolbar(page, 'Disconnect');
  await page.locator('.card-state').getByText('Running – continue').waitFor();
  await eventually(() => broker.desktop.clients === 0, 'the stream is closed');
  assert.equal(broker.sessions.length, 1);
  await page.getByRole('button', { name: 'Continue with Debian desktop' }).click();
  await desktopShown(page);
  await toolbar(page, 'Log off');
  await page.getByRole('dialog').getByRole('button', { name: 'Log off' }).click();
  await page.locator('.page-message').getByText('You are logged off from Debian desktop.').waitFor();
  assert.equal(broker.sessions.length, 0);
});

scenario('a viewer file is downloaded, and the link for our viewer holds no secret', async ({ page, open }) => {
  await inDesktop({ page, open });
  await toolbar(page, 'More');
  const link = await page.getByRole('menuitem', { name: 'Open in the desktop viewer' }).getAttribute('href');
  assert.equal(link, `oriel://${new URL(page.url()).host}/demo`);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('menuitem', { name: 'Download a viewer file' }).click(),
  ]);
  assert.equal(download.suggestedFilename(), 'demo.vv');
  assert.match(readFileSync(await download.path(), 'utf8'), /^\[virt-viewer\]\ntype=spice/);
  await page.locator('.notice').getByText('within 30 seconds').waitFor();
});

scenario('full screen comes and goes', async ({ page, open }) => {
  await inDesktop({ page, open });
  await toolbar(page, 'Full screen');
  await page.waitForFunction(() => document.fullscreenElement);
  await toolbar(page, 'Leave full screen');
  await page.waitForFunction(() => !document.fullscreenElement);
});

scenario('the toolbar is reached and left by keyboard, and the desktop sees no key hang', async ({ broker, page, open }) => {
  await inDesktop({ page, open });
  await page.waitForFunction(() => document.querySelector('.toolbar').inert);
  await toolbarChord(page);
  await page.waitForFunction(() => document.activeElement.closest('.toolbar'));
  await eventually(() => broker.desktop.keys.length === 6, 'each key went down and up');
  await page.keyboard.press('ArrowRight');
  assert.equal(await page.evaluate(() => document.activeElement.title), 'Keys');
  await page.keyboard.press('Escape');
  await page.keyboard.type('x');
  await eventually(() => broker.desktop.typed === 'x', 'the keyboard is back in the desktop');
  await page.waitForFunction(() => document.querySelector('.toolbar').inert);
});
