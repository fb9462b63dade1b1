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

export class ClipboardPanel {
  #text = h('textarea', { id: 'clipboard-text', rows: 6, spellcheck: 'false', autocomplete: 'off' });
  #share = h('input', { type: 'checkbox', id: 'clipboard-share' });
  #status = h('p', { class: 'clipboard-status', role: 'status' });
  #last = null; // what both sides have
  #send;
  #connected;
  #closed;

  /** send(text) puts text into the desktop's clipboard; connected(): whether it can; closed() is called when the panel goes away. */
  constructor({ send, connected, closed, signal }) {
    this.#send = send;
    this.#connected = connected;
    this.#closed = closed;
    this.element = this.#build();
    this.element.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') {
        event.stopPropagation();
        this.#hide();
      }
    });
    this.#share.addEventListener('change', () => this.#shareChanged());
    window.addEventListener('focus', () => this.#takeShared(), { signal });
    readAllowed().then((allowed) => {
      this.#share.checked = allowed;
      this.#takeShared();
    });
  }

  get isOpen() { return !this.element.hidden; }

  toggle() {
    if (this.isOpen) {
      this.#hide();
      return;
    }
    this.element.hidden = false;
    setText(this.#status, '');
    this.#text.focus();
    this.#text.select();
  }

  /** The stream stands: what this computer has goes over. */
  begin() {
    this.#last = null;
    this.#takeShared();
  }

  /** The desktop has new text. */
  received(value) {
    if (value.length > LONGEST || value === this.#last) {
      return;
    }
    this.#last = value;
    this.#text.value = value;
    if (this.isOpen) {
      setText(this.#status, t('clipboard.received'));
    }
    navigator.clipboard?.writeText(value).catch(() => {}); // not allowed right now: the panel has it
  }

  #build() {
    const close = t('clipboard.close');
    return h('section', { class: 'clipboard', role: 'dialog', 'aria-labelledby': 'clipboard-title', hidden: true },
      h('div', { class: 'clipboard-head' },
        h('h2', { id: 'clipboard-title' }, t('clipboard.title')),
        h('button', { type: 'button', class: 'icon-button', 'aria-label': close, title: close, onclick: () => this.#hide() }, icon('close'))),
      h('label', { for: 'clipboard-text' }, t('clipboard.text')), this.#text,
      h('div', { class: 'clipboard-buttons' },
        h('button', { type: 'button', class: 'primary', onclick: () => this.#sendField() }, t('clipboard.send')),
        h('button', { type: 'button', class: 'secondary', onclick: () => this.#copyField() }, t('clipboard.copy'))),
      h('div', { class: 'check' }, this.#share, h('label', { for: 'clipboard-share' }, t('clipboard.share'))),
      this.#status);
  }

  #hide() {
    if (this.isOpen) {
      this.element.hidden = true;
      this.#closed();
    }
  }

  #give(value) {
    if (!value || value.length > LONGEST || !this.#connected()) {
      return false;
    }
    if (value !== this.#last) {
      this.#send(value);
      this.#last = value;
      this.#text.value = value;
    }
    return true;
  }

  #sendField() {
    this.#last = null; // by hand: again, even if it is the same
    setText(this.#status, this.#give(this.#text.value) ? t('clipboard.sent') : '');
  }

  async #copyField() {
    try {
      await navigator.clipboard.writeText(this.#text.value);
      setText(this.#status, t('clipboard.copied'));
    } catch {
      setText(this.#status, t('clipboard.denied'));
      this.#text.select();
    }
  }

  async #takeShared() {
    if (!this.#share.checked || !document.hasFocus()) {
      return;
    }
    try {
      this.#give(await navigator.clipboard.readText());
    } catch {
      this.#share.checked = false;
    }
  }

  async #shareChanged() {
    const wanted = this.#share.checked;
    await this.#takeShared(); // the browser asks the user now
    setText(this.#status, wanted && !this.#share.checked ? t('clipboard.denied') : '');
  }
}
