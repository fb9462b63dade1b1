// SPDX-License-Identifier: GPL-3.0-or-later
// Sign-in: the product, the broker's title, a name and a password.

import { api } from './api.js';
import { announce, h, icon, setText } from './dom.js';
import { sentence } from './problem.js';
import { duration, t } from './strings.js';
import { themeButton } from './theme.js';

function passwordField() {
  const input = h('input', {
    id: 'password', name: 'password', type: 'password', autocomplete: 'current-password', required: true, maxlength: 1024,
    'aria-describedby': 'login-message',
  });
  const toggle = h('button', { type: 'button', class: 'icon-button field-button', 'aria-pressed': 'false' }, icon('eye'));
  const label = (text) => { toggle.title = text; toggle.setAttribute('aria-label', text); };
  toggle.addEventListener('click', () => {
    const show = input.type === 'password';
    input.type = show ? 'text' : 'password';
    toggle.setAttribute('aria-pressed', String(show));
    label(t(show ? 'login.hide' : 'login.show'));
  });
  label(t('login.show'));
  return { input, row: h('div', { class: 'field-with-button' }, input, toggle) };
}

/** message: why the user is here (signed out, expired), or nothing. signedIn(user) is called after success. */
export function createLoginView({ message, signedIn }) {
  const user = h('input', {
    id: 'username', name: 'username', autocomplete: 'username', autocapitalize: 'none', spellcheck: 'false', required: true,
    maxlength: 256, 'aria-describedby': 'login-message',
  });
  const { input: password, row: passwordRow } = passwordField();
  const submit = h('button', { type: 'submit', class: 'primary wide' }, t('login.submit'));
  const note = h('p', { id: 'login-message', class: 'form-message', role: 'alert' });
  const broker = h('p', { class: 'login-broker' }, t('login.to', { broker: location.host }));
  const leaving = new AbortController();
  let blockTimer = null;

  function say(text, isError) {
    setText(note, text);
    note.classList.toggle('is-error', isError);
    for (const field of [user, password]) {
      field.setAttribute('aria-invalid', String(isError));
    }
  }

  /** Too many tries: counts down, and lets the user in again by itself. Only the first sentence is read aloud. */
  function block(seconds) {
    const until = performance.now() + seconds * 1000;
    submit.disabled = true;
    const tick = () => {
      const left = Math.ceil((until - performance.now()) / 1000);
      note.setAttribute('role', 'none');
      if (left > 0) {
        setText(note, t('error.tooManyUntil', { time: duration(left) }));
        return;
      }
      clearInterval(blockTimer);
      note.setAttribute('role', 'alert');
      submit.disabled = false;
      say('', false);
      password.focus();
    };
    blockTimer = setInterval(tick, 1000);
  }

  async function signIn(event) {
    event.preventDefault();
    if (submit.disabled) {
      return;
    }
    if (!user.value.trim() || !password.value) {
      say(t('login.missing'), true);
      (user.value.trim() ? password : user).focus();
      return;
    }
    submit.disabled = true;
    setText(submit, t('login.busy'));
    try {
      const who = await api.login(user.value.trim(), password.value);
      password.value = '';
      signedIn(who);
      return;
    } catch (error) {
      submit.disabled = false;
      if (error.kind === 'unauthorized') {
        say(t('login.wrong'), true);
        password.select();
        password.focus();
      } else {
        say(sentence(error), true);
        if (error.kind === 'too-many-requests' && error.retryAfter) {
          block(error.retryAfter);
        }
      }
    } finally {
      setText(submit, t('login.submit'));
    }
  }

  const form = h('form', { class: 'login-form', novalidate: true, onsubmit: signIn },
    h('img', { class: 'login-logo', src: 'icon.svg', width: 72, height: 72, alt: '' }),
    h('h1', { tabindex: -1 }, t('product')),
    broker,
    h('label', { for: 'username' }, t('login.user')), user,
    h('label', { for: 'password' }, t('login.password')), passwordRow,
    note, submit);

  const element = h('div', { class: 'login' },
    h('div', { class: 'login-art' },
      document.getElementById('art').content.cloneNode(true),
      h('p', { class: 'login-tagline' }, t('product.tagline'))),
    h('div', { class: 'login-side' }, h('div', { class: 'login-corner' }, themeButton()), form));

  return {
    element,
    title: t('login.title'),
    enter() {
      api.about({ signal: leaving.signal })
        .then((about) => { if (about?.title && about.title !== about.product) { setText(broker, t('login.to', { broker: about.title })); } })
        .catch(() => {}); // The address, which is there already, says enough.
      if (message) {
        say(message, false);
        announce(message);
      }
      user.focus({ preventScroll: true });
    },
    leave() {
      leaving.abort();
      clearInterval(blockTimer);
    },
  };
}
