// SPDX-License-Identifier: GPL-3.0-or-later
// Keys that the browser or the system keeps for itself, sent from a menu.

import { t } from './strings.js';

const CTRL = [0xffe3, 'ControlLeft'];
const ALT = [0xffe9, 'AltLeft'];
const SUPER = [0xffeb, 'MetaLeft'];
const FIRST_F = 0xffbe;

function functionKey(number) {
  return [FIRST_F + number - 1, `F${number}`];
}

function consoleKey(number) {
  return { label: t('keys.console', { key: `F${number}` }), keys: [CTRL, ALT, functionKey(number)] };
}

export const SPECIAL_KEYS = [
  { label: t('keys.ctrlAltDel'), keys: [CTRL, ALT, [0xffff, 'Delete']] },
  { label: t('keys.super'), keys: [SUPER] },
  { label: t('keys.altTab'), keys: [ALT, [0xff09, 'Tab']] },
  { label: t('keys.altF4'), keys: [ALT, functionKey(4)] },
  { label: t('keys.ctrlEsc'), keys: [CTRL, [0xff1b, 'Escape']] },
  { label: t('keys.print'), keys: [[0xff61, 'PrintScreen']] },
  consoleKey(1), consoleKey(2), consoleKey(7),
];

/** Presses the keys in order, and lets them go in the other. */
export function sendKeys(rfb, keys) {
  for (const [keysym, code] of keys) {
    rfb.sendKey(keysym, code, true);
  }
  for (const [keysym, code] of keys.toReversed()) {
    rfb.sendKey(keysym, code, false);
  }
}

/**
 * Calls pressed() when Control, Alt and Shift were held together, without another key, and let go. It waits for the last release,
 * so that the desktop sees every key go up before the focus moves away from it.
 */
export function onToolbarChord(pressed, signal) {
  const down = new Set();
  let complete = false;
  let spoiled = false;
  const kind = (event) => ({ Control: 'Control', Alt: 'Alt', Meta: 'Alt', Shift: 'Shift' })[event.key];

  window.addEventListener('keydown', (event) => {
    const key = kind(event);
    if (!key) {
      spoiled = down.size > 0;
      return;
    }
    down.add(key);
    complete ||= down.size === 3;
  }, { capture: true, signal });

  window.addEventListener('keyup', (event) => {
    down.delete(kind(event));
    if (down.size > 0) {
      return;
    }
    const fire = complete && !spoiled;
    complete = false;
    spoiled = false;
    if (fire) {
      setTimeout(pressed, 0); // after the desktop has seen this last release
    }
  }, { capture: true, signal });

  window.addEventListener('blur', () => {
    down.clear();
    complete = false;
    spoiled = false;
  }, { signal });
}
