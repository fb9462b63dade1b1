// SPDX-License-Identifier: GPL-3.0-or-later
// What lies over a desktop's picture for a moment: a word while the connection is away, a hint, the end of the session.

import { h, setText } from './dom.js';
import { t } from './strings.js';

const NOTICE_FOR = 6000;
const SETTLE_WITHIN = 1200;

/** Words about the connection in the middle, over the last picture there was. */
export class Curtain {
  #words = h('p', { class: 'curtain-words', role: 'status' });
  #timer = null;
  picture = h('canvas', { class: 'last-picture', 'aria-hidden': 'true', hidden: true });
  element = h('div', { class: 'curtain' }, h('div', { class: 'spinner', 'aria-hidden': 'true' }), this.#words);

  /** image: the last picture (ImageData); null when there is a live one again. */
  keepPicture(image) {
    this.picture.classList.toggle('is-gone', !image);
    if (image) {
      this.picture.hidden = false;
      this.picture.width = image.width;
      this.picture.height = image.height;
      this.picture.getContext('2d').putImageData(image, 0, 0);
    }
  }

  /** Shows words, or hides them when there are none, after so many milliseconds. */
  say(text, after = 0) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      setText(this.#words, text);
      this.element.classList.toggle('is-shown', Boolean(text));
    }, after);
  }

  stop() { clearTimeout(this.#timer); }
}

/** A sentence at the lower edge that goes away by itself. */
export class Notice {
  #timer = null;
  element = h('p', { class: 'notice', role: 'status' });

  say(text) {
    clearTimeout(this.#timer);
    setText(this.element, text);
    this.element.classList.add('is-shown');
    this.#timer = setTimeout(() => this.element.classList.remove('is-shown'), NOTICE_FOR);
  }

  stop() { clearTimeout(this.#timer); }
}

/**
 * Shows a fresh screen when the guest has taken the window's size, or has not within a moment: a picture that changes its size
 * under the eye is the one thing that would jump here.
 */
export function settleScreen(screen, signal) {
  const observer = new MutationObserver(look);
  const timer = setTimeout(done, SETTLE_WITHIN);

  function done() {
    clearTimeout(timer);
    observer.disconnect();
    screen.classList.add('is-settled');
  }
  function look() {
    const canvas = screen.querySelector('canvas');
    if (canvas?.width === screen.clientWidth && canvas.height === screen.clientHeight) {
      done();
    }
  }

  observer.observe(screen, { subtree: true, attributes: true, attributeFilter: ['width', 'height'] });
  signal.addEventListener('abort', done, { once: true });
  look();
}

export function endedPanel(restart, leave) {
  return h('div', { class: 'ended', role: 'alert' },
    h('h1', { tabindex: -1 }, t('desktop.ended')),
    h('p', { class: 'ended-text' }, t('desktop.endedText')),
    h('div', { class: 'panel-buttons' },
      h('button', { type: 'button', class: 'primary', onclick: restart }, t('desktop.newSession')),
      h('button', { type: 'button', class: 'secondary', onclick: () => leave() }, t('desktop.toChooser'))));
}
