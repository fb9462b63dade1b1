// SPDX-License-Identifier: GPL-3.0-or-later
// The bar over a desktop: at the upper edge, out of the way until the pointer or the keyboard asks for it.

import { h, icon } from './dom.js';
import { createMenu } from './menu.js';
import { t } from './strings.js';

const HIDE_AFTER = 2000;
const FIRST_SHOWN = 3500;

function tool(iconName, label, run, extra = {}) {
  return h('button', { type: 'button', class: 'tool', title: label, onclick: run, ...extra },
    icon(iconName), h('span', { class: 'tool-text' }, label));
}

function arrowsMove(bar) {
  bar.addEventListener('keydown', (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by) {
      const tools = [...bar.querySelectorAll('.tool')];
      const index = tools.indexOf(document.activeElement);
      tools[(index + by + tools.length) % tools.length].focus();
      event.preventDefault();
    }
  });
}

function fullscreenTool(run, signal) {
  const button = tool('fullscreen', t('desktop.fullscreen'), run);
  document.addEventListener('fullscreenchange', () => {
    const full = Boolean(document.fullscreenElement);
    const label = t(full ? 'desktop.window' : 'desktop.fullscreen');
    button.title = label;
    button.querySelector('.tool-text').textContent = label;
    button.querySelector('.icon').replaceWith(icon(full ? 'shrink' : 'fullscreen'));
  }, { signal });
  return button;
}

/**
 * actions: {clipboard, fullscreen, disconnect, logoff} functions; keys and more: menu items; dismissed(): the keyboard goes back to the desktop.
 */
export function createToolbar({ name, actions, keys, more, dismissed, signal }) {
  let openMenus = 0;
  let timer = null;
  const changed = (open) => {
    openMenus += open ? 1 : -1;
    settle();
  };
  const keyMenu = createMenu({ label: t('desktop.keys'), iconName: 'keyboard', items: keys, changed, signal });
  const moreMenu = createMenu({ label: t('desktop.more'), iconName: 'more', items: more, changed, signal });

  const bar = h('div', { class: 'toolbar', role: 'toolbar', 'aria-label': t('desktop.toolbar') },
    h('span', { class: 'toolbar-name' }, name),
    tool('clipboard', t('desktop.clipboard'), actions.clipboard),
    keyMenu.element,
    fullscreenTool(actions.fullscreen, signal),
    moreMenu.element,
    h('span', { class: 'toolbar-line' }),
    tool('leave', t('desktop.disconnect'), actions.disconnect, { title: `${t('desktop.disconnect')} – ${t('desktop.disconnectHint')}` }),
    tool('power', t('desktop.logoff'), actions.logoff, { class: 'tool is-danger', title: `${t('desktop.logoff')} – ${t('desktop.logoffHint')}` }));
  const handle = h('button', { type: 'button', class: 'toolbar-handle', 'aria-label': t('desktop.show'), title: t('desktop.show') });
  const element = h('div', { class: 'toolbar-dock' }, bar, handle);

  function isBusy() {
    return openMenus > 0 || element.matches(':hover') || bar.contains(document.activeElement);
  }

  function close() {
    element.classList.remove('is-open');
    bar.inert = true;
  }

  /** Hides the bar a while after nobody needs it any more. */
  function settle(after = HIDE_AFTER) {
    clearTimeout(timer);
    if (!isBusy()) {
      timer = setTimeout(() => (isBusy() ? settle() : close()), after);
    }
  }

  function open() {
    clearTimeout(timer);
    bar.inert = false;
    element.classList.add('is-open');
  }

  arrowsMove(bar);
  bar.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') {
      dismissed();
      settle(0);
    }
  });
  element.addEventListener('pointerenter', open);
  element.addEventListener('pointerleave', () => settle());
  element.addEventListener('focusout', () => settle());
  element.addEventListener('focusin', open);
  handle.addEventListener('click', () => { open(); bar.querySelector('.tool').focus(); });
  signal.addEventListener('abort', () => clearTimeout(timer));
  close();

  return {
    element,
    /** Shown for a moment when the desktop appears, so that people see where it lives. */
    greet() { open(); settle(FIRST_SHOWN); },
    toggle() {
      if (bar.contains(document.activeElement)) {
        dismissed();
        settle(0);
      } else {
        open();
        bar.querySelector('.tool').focus();
      }
    },
    hasFocus: () => element.contains(document.activeElement),
  };
}
