// SPDX-License-Identifier: GPL-3.0-or-later
// Questions that are asked before something is lost.

import { h } from './dom.js';
import { t } from './strings.js';

/** Asks whether to log off from a session's desktop; resolves to true or false. Escape is a no. */
export function confirmLogoff(name, session) {
  return new Promise((resolve) => {
    const dialog = h('dialog', { class: 'dialog', 'aria-labelledby': 'dialog-title', 'aria-describedby': 'dialog-text' },
      h('form', { method: 'dialog' },
        h('h2', { id: 'dialog-title' }, t('logoff.title', { name })),
        h('p', { id: 'dialog-text' }, t(`logoff.keeps.${session.keeps}`)),
        h('div', { class: 'dialog-buttons' },
          h('button', { value: '', class: 'secondary', autofocus: true }, t('logoff.cancel')),
          h('button', { value: 'yes', class: 'danger' }, t('logoff.confirm')))));
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
