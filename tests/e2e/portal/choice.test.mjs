// SPDX-License-Identifier: GPL-3.0-or-later
import assert from 'node:assert/strict';
import { desktopShown, signIn } from './browser.mjs';
import { eventually, scenario, signedIn } from './fixture.mjs';

const card = (page, name) => page.locator('.card').filter({ has: page.getByRole('heading', { name }) });

scenario('the choice shows each pool with its kind and state', async ({ page, open }) => {
  await signedIn({ page, open });
  await card(page, 'Debian desktop').getByText('Not running').waitFor();
  assert.equal(await card(page, 'LibreOffice Writer').locator('.card-kind').textContent(), 'Application');
  assert.equal(await card(page, 'Physics laboratory').locator('.card-state').textContent(), 'All places are taken');
  assert.ok(await page.getByRole('button', { name: 'Open Physics laboratory' }).isDisabled());
});

scenario('a desktop that is paused says so in its card, and why below', async ({ broker, page, open }) => {
  await signedIn({ page, open }, '/#/desktop/demo');
  await desktopShown(page);
  Object.assign(broker.sessions[0], { paused: true, reason: 'This host’s disk is full.' });
  await page.evaluate(() => { location.hash = '#/'; });
  await card(page, 'Debian desktop').locator('.card-state').getByText('Paused', { exact: true }).waitFor();
  await card(page, 'Debian desktop').locator('.card-reason').getByText('goes on by itself').waitFor();
  const overlaps = await card(page, 'Debian desktop').evaluate((element) => {
    const boxes = ['.card-head', '.card-state', '.card-reason', '.card-buttons'].map((name) => element.querySelector(name).getBoundingClientRect());
    return boxes.some((box, index) => index > 0 && box.top < boxes[index - 1].bottom);
  });
  assert.equal(overlaps, false, 'nothing lies over anything else');
  await page.getByRole('button', { name: 'Continue with Debian desktop' }).waitFor();
});

scenario('who has no pool is told so', async ({ broker, page, open }) => {
  broker.pools = [];
  await signedIn({ page, open });
  await page.getByText('There is no desktop for you yet').waitFor();
});

scenario('a start shows the step it is at, and ends in the desktop', async ({ broker, page, open }) => {
  broker.manualSteps = true;
  await signedIn({ page, open });
  await page.getByRole('button', { name: 'Open Debian desktop' }).click();
  await page.getByRole('heading', { name: 'Starting Debian desktop' }).waitFor();
  const current = () => page.locator('[aria-current="step"]').textContent();
  const bar = page.getByRole('progressbar');
  for (const [step, text, progress] of [
    ['Disk', 'Preparing the disk', 5], ['Machine', 'Starting the machine', 15], ['Start-up', 'Debian is starting', 40], ['Desktop', 'Waiting for the desktop', 85],
  ]) {
    await page.locator('.starting-doing').getByText(text).waitFor();
    assert.equal(await current(), step);
    assert.equal(await bar.getAttribute('aria-valuenow'), String(progress));
    broker.advance(broker.sessions[0]);
  }
  await desktopShown(page);
});

scenario('a start that is left goes on, and the choice says so', async ({ broker, page, open }) => {
  broker.manualSteps = true;
  await signedIn({ page, open });
  await page.getByRole('button', { name: 'Open Debian desktop' }).click();
  await page.getByRole('button', { name: 'Back' }).click();
  await card(page, 'Debian desktop').getByText('Starting…').waitFor();
  while (broker.sessions[0].state === 'starting') {
    broker.advance(broker.sessions[0]);
  }
  await card(page, 'Debian desktop').getByText('Running – continue').waitFor();
  await page.getByRole('button', { name: 'Continue with Debian desktop' }).click();
  await desktopShown(page);
  assert.equal(broker.sessions.length, 1);
});

scenario('a failed start gives its reason, why, and another try', async ({ broker, page, open }) => {
  broker.failWith = 'There is not enough memory: 2048 MiB are needed, 700 MiB are free.';
  await signedIn({ page, open });
  await page.getByRole('button', { name: 'Open Debian desktop' }).click();
  await page.getByRole('heading', { name: 'Debian desktop could not be opened' }).waitFor();
  await page.locator('.failure-reason').getByText('2048 MiB are needed').waitFor();
  await page.getByRole('button', { name: 'Why?' }).click();
  await page.getByText('You may have this pool: everyone may.').waitFor();
  await page.getByRole('button', { name: 'Try again' }).click();
  await desktopShown(page);
  assert.equal(broker.sessions.length, 1);
});

scenario('a deep link opens its desktop after sign-in', async ({ page, open }) => {
  await open('/#/desktop/demo');
  await signIn(page, 'alice', 'wonderland');
  await desktopShown(page);
});

scenario('a deep link to a pool that is not there says so', async ({ page, open }) => {
  await open('/#/desktop/nowhere%20at%20all');
  await signIn(page, 'alice', 'wonderland');
  await page.getByText('There is no desktop of that name for you.').waitFor();
  await page.getByRole('button', { name: 'Back to your desktops' }).click();
  await page.getByRole('heading', { name: 'Hello, Alice Liddell' }).waitFor();
});

scenario('a broker that goes away during a start is waited for', async ({ broker, page, open }) => {
  broker.manualSteps = true;
  await signedIn({ page, open });
  await page.getByRole('button', { name: 'Open Debian desktop' }).click();
  await page.locator('.starting-doing').getByText('Preparing the disk').waitFor();
  await broker.stop();
  await page.locator('#net-banner').getByText('Trying again').waitFor();
  await broker.start();
  broker.advance(broker.sessions[0]);
  await page.locator('.starting-doing').getByText('Starting the machine').waitFor();
  await eventually(() => page.locator('#net-banner').isHidden(), 'the banner goes away');
});

scenario('what a log-off throws away is said before', async ({ broker, page, open }) => {
  await signedIn({ page, open }, '/#/desktop/demo');
  await desktopShown(page);
  for (const [keeps, sentence] of [
    ['all', 'It stays as it is'], ['home', 'What is in your home stays'], ['nothing', 'The desktop is thrown away'],
  ]) {
    broker.sessions[0].keeps = keeps;
    await page.evaluate(() => { location.hash = '#/'; });
    await page.reload();
    await page.getByRole('button', { name: 'Log off from Debian desktop' }).click();
    await page.getByRole('dialog').getByText(sentence).waitFor();
    await page.keyboard.press('Escape');
  }
});

scenario('logging off from the choice asks first', async ({ broker, page, open }) => {
  await signedIn({ page, open }, '/#/desktop/demo');
  await desktopShown(page);
  await page.evaluate(() => { location.hash = '#/'; });
  await page.getByRole('button', { name: 'Log off from Debian desktop' }).click();
  await page.keyboard.press('Escape');
  assert.equal(broker.sessions.length, 1);
  await page.getByRole('button', { name: 'Log off from Debian desktop' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Log off' }).click();
  await page.locator('.page-message').getByText('You are logged off from Debian desktop.').waitFor();
  assert.equal(broker.sessions.length, 0);
  await card(page, 'Debian desktop').getByText('Not running').waitFor();
});
