// SPDX-License-Identifier: GPL-3.0-or-later
// Sign-in: the product, the broker's title, a name and a password.

import { api } from './api.js';
import { announce, h, icon, setText } from './dom.js';
import { sentence } from './problem.js';
import { duration, t } from './strings.js';
import { themeButton } from './theme.js';

/** The password's field with the button that shows what is in it. */
function withShowButton(input) {
  const button = h('button', { type: 'button', class: 'icon-button field-button', 'aria-pressed': 'false' }, icon('eye'));
  const label = (text) => { button.title = text; button.setAttribute('aria-label', text); };
  button.addEventListener('click', () => {
    const show = input.type === 'password';
    input.type = show ? 'text' : 'password';
    button.setAttribute('aria-pressed', String(show));
    label(t(show ? 'login.hide' : 'login.show'));
  });
  label(t('login.show'));
  return h('div', { class: 'field-with-button' }, input, button);
}

export class LoginView {
  #user = h('input', {
    id: 'username', name: 'username', autocomplete: 'username', autocapitalize: 'none', spellcheck: 'false', required: true,
    maxlength: 256, 'aria-describedby': 'login-message',
  });
  #password = h('input', {
    id: 'password', name: 'password', type: 'password', autocomplete: 'current-password', required: true, maxlength: 1024,
    'aria-describedby': 'login-message',
  });
  #submit = h('button', { type: 'submit', class: 'primary wide' }, t('login.submit'));
  #note = h('p', { id: 'login-message', class: 'form-message', role: 'alert' });
  #broker = h('p', { class: 'login-broker' }, t('login.to', { broker: location.host }));
  #leaving = new AbortController();
  #countdown = null;
  #message;
  #signedIn;
  title = t('login.title');

  /** message: why the user is here (signed out, expired), or nothing. signedIn(user) is called after success. */
  constructor({ message, signedIn }) {
    this.#message = message;
    this.#signedIn = signedIn;
    const form = h('form', { class: 'login-form', novalidate: true, onsubmit: (event) => this.#signIn(event) },
      h('img', { class: 'login-logo', src: 'icon.svg', width: 72, height: 72, alt: '' }),
      h('h1', { tabindex: -1 }, t('product')), this.#broker,
      h('label', { for: 'username' }, t('login.user')), this.#user,
      h('label', { for: 'password' }, t('login.password')), withShowButton(this.#password),
      this.#note, this.#submit);
    this.element = h('div', { class: 'login' },
      h('div', { class: 'login-art' },
        document.getElementById('art').content.cloneNode(true),
        h('p', { class: 'login-tagline' }, t('product.tagline'))),
      h('div', { class: 'login-side' }, h('div', { class: 'login-corner' }, themeButton()), form));
  }

  enter() {
    this.#learnTitle();
    if (this.#message) {
      this.#say(this.#message, false);
      announce(this.#message);
    }
    this.#user.focus({ preventScroll: true });
  }

  leave() {
    this.#leaving.abort();
    clearInterval(this.#countdown);
  }

  async #learnTitle() {
    try {
      const { title, product } = await api.about({ signal: this.#leaving.signal });
      if (title && title !== product) {
        setText(this.#broker, t('login.to', { broker: title }));
      }
    } catch {
      // The address, which is there already, says enough.
    }
  }

  #say(text, isError) {
    setText(this.#note, text);
    this.#note.classList.toggle('is-error', isError);
    for (const field of [this.#user, this.#password]) {
      field.setAttribute('aria-invalid', String(isError));
    }
  }

  /** Too many tries: counts down, and lets the user in again by itself. Only the first sentence is read aloud. */
  #block(seconds) {
    const until = performance.now() + seconds * 1000;
    this.#submit.disabled = true;
    this.#countdown = setInterval(() => {
      const left = Math.ceil((until - performance.now()) / 1000);
      this.#note.setAttribute('role', left > 0 ? 'none' : 'alert');
      if (left > 0) {
        setText(this.#note, t('error.tooManyUntil', { time: duration(left) }));
        return;
      }
      clearInterval(this.#countdown);
      this.#submit.disabled = false;
      this.#say('', false);
      this.#password.focus();
    }, 1000);
  }

  async #signIn(event) {
    event.preventDefault();
    const name = this.#user.value.trim();
    if (this.#submit.disabled) {
      return;
    }
    if (!name || !this.#password.value) {
      this.#say(t('login.missing'), true);
      (name ? this.#password : this.#user).focus();
      return;
    }
    this.#submit.disabled = true;
    setText(this.#submit, t('login.busy'));
    try {
      const who = await api.login(name, this.#password.value);
      this.#password.value = '';
      this.#signedIn(who);
    } catch (error) {
      this.#submit.disabled = false;
      this.#refused(error);
    } finally {
      setText(this.#submit, t('login.submit'));
    }
  }

  #refused(error) {
    if (error.kind === 'unauthorized') {
      this.#say(t('login.wrong'), true);
      this.#password.focus();
      this.#password.select();
      return;
    }
    this.#say(sentence(error), true);
    if (error.kind === 'too-many-requests' && error.retryAfter) {
      this.#block(error.retryAfter);
    }
  }
}
