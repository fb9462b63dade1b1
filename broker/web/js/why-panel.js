// SPDX-License-Identifier: GPL-3.0-or-later
// “Why?”: the decision behind a session, step by step, as the broker tells it.

import { api } from './api.js';
import { h, setText } from './dom.js';
import { sentence } from './problem.js';
import { clock, t } from './strings.js';

function line(step) {
  const time = step.at ? h('time', { datetime: step.at }, clock(step.at)) : null;
  return h('li', {}, time, h('span', {}, step.text));
}

/** A button and the list it opens. */
export function createWhyPanel(sessionId, signal) {
  const list = h('ol', { class: 'why-list' });
  const status = h('p', { class: 'why-status', role: 'status' });
  const panel = h('section', { class: 'why', id: 'why', hidden: true, 'aria-labelledby': 'why-title' },
    h('h2', { id: 'why-title' }, t('failed.whyTitle')), list, status);
  const button = h('button', { type: 'button', class: 'secondary', 'aria-expanded': 'false', 'aria-controls': 'why' }, t('failed.why'));

  async function fill() {
    try {
      const why = await api.why(sessionId, { signal });
      list.replaceChildren(...why.items.map(line));
      setText(status, why.items.length === 0 ? t('failed.whyNone') : '');
    } catch (error) {
      if (!signal.aborted) {
        setText(status, sentence(error));
      }
    }
  }

  button.addEventListener('click', () => {
    panel.hidden = !panel.hidden;
    button.setAttribute('aria-expanded', String(!panel.hidden));
    if (!panel.hidden) {
      fill();
    }
  });
  return { button, panel };
}
