// SPDX-License-Identifier: GPL-3.0-or-later
// Text between the desktop's clipboard and this computer's: by itself where the browser allows it, else through a small panel.

import { h, icon, setText } from './dom.js';
import { t } from './strings.js';

const LONGEST = 1024 * 1024; // characters; what is longer stays where it is

async function readAllowed() {
  try {
    return (await navigator.permissions.query({ name: 'clipboard-read' })).state === 'granted';
  } catch {
    return false; // browsers without this question ask the user at each paste
  }
}

/** send(text) puts text into the desktop's clipboard; closed() is called when the panel goes away. */
export function createClipboard({ send, closed, signal }) {
  const text = h('textarea', { id: 'clipboard-text', rows: 6, spellcheck: 'false', autocomplete: 'off' });
  const share = h('input', { type: 'checkbox', id: 'clipboard-share' });
  const status = h('p', { class: 'clipboard-status', role: 'status' });
  const panel = h('section', { class: 'clipboard', role: 'dialog', 'aria-labelledby': 'clipboard-title', hidden: true },
    h('div', { class: 'clipboard-head' },
      h('h2', { id: 'clipboard-title' }, t('clipboard.title')),
      h('button', { type: 'button', class: 'icon-button', 'aria-label': t('clipboard.close'), title: t('clipboard.close'), onclick: hide }, icon('close'))),
    h('label', { for: 'clipboard-text' }, t('clipboard.text')), text,
    h('div', { class: 'clipboard-buttons' },
      h('button', { type: 'button', class: 'primary', onclick: sendField }, t('clipboard.send')),
      h('button', { type: 'button', class: 'secondary', onclick: copyField }, t('clipboard.copy'))),
    h('div', { class: 'check' }, share, h('label', { for: 'clipboard-share' }, t('clipboard.share'))),
    status);
  let last = null; // what both sides have

  function give(value) {
    if (value && value !== last && value.length <= LONGEST && send(value)) {
      last = value;
      text.value = value;
      return true;
    }
    return false;
  }

  function sendField() {
    last = null;
    setText(status, give(text.value) ? t('clipboard.sent') : '');
  }

  async function copyField() {
    try {
      await navigator.clipboard.writeText(text.value);
      setText(status, t('clipboard.copied'));
    } catch {
      setText(status, t('clipboard.denied'));
      text.select();
    }
  }

  async function takeLocal() {
    if (!document.hasFocus()) {
      return;
    }
    try {
      give(await navigator.clipboard.readText());
    } catch {
      share.checked = false;
    }
  }

  async function shareChanged() {
    if (!share.checked) {
      return;
    }
    await takeLocal(); // the browser asks the user now
    setText(status, share.checked ? '' : t('clipboard.denied'));
  }

  function show() {
    panel.hidden = false;
    setText(status, '');
    text.focus();
    text.select();
  }

  function hide() {
    if (!panel.hidden) {
      panel.hidden = true;
      closed();
    }
  }

  share.addEventListener('change', shareChanged);
  panel.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') {
      event.stopPropagation();
      hide();
    }
  });
  readAllowed().then((allowed) => { share.checked = allowed; });
  window.addEventListener('focus', () => { if (share.checked) { takeLocal(); } }, { signal });

  return {
    element: panel,
    toggle() { (panel.hidden ? show : hide)(); },
    /** The stream stands: what this computer has goes over. */
    connected() {
      last = null;
      if (share.checked) {
        takeLocal();
      }
    },
    /** The desktop has new text. */
    received(value) {
      if (value.length > LONGEST || value === last) {
        return;
      }
      last = value;
      text.value = value;
      if (!panel.hidden) {
        setText(status, t('clipboard.received'));
      }
      navigator.clipboard?.writeText(value).catch(() => {}); // not allowed right now: the panel has it
    },
  };
}
