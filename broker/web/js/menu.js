// SPDX-License-Identifier: GPL-3.0-or-later
// A button that opens a list of actions: arrows move, Enter chooses, Escape closes.

import { h, icon } from './dom.js';

/**
 * items: [{label, hint?, run() | href, checked?()}]. changed(open) is told, so that a bar that hides itself stays while a menu is open.
 */
export function createMenu({ label, iconName, items, changed, signal }) {
  const button = h('button', {
    type: 'button', class: 'tool', 'aria-haspopup': 'menu', 'aria-expanded': 'false', title: label,
  }, icon(iconName), h('span', { class: 'tool-text' }, label));
  const list = h('div', { class: 'menu', role: 'menu', 'aria-label': label, hidden: true });

  const entries = items.map((item) => {
    const checkable = Boolean(item.checked);
    const entry = h(item.href ? 'a' : 'button', {
      class: 'menu-item', role: checkable ? 'menuitemcheckbox' : 'menuitem', tabindex: -1, href: item.href, type: item.href ? null : 'button',
    }, h('span', { class: 'menu-label' }, item.label), item.hint && h('span', { class: 'menu-hint' }, item.hint));
    entry.addEventListener('click', () => {
      close(true);
      item.run?.();
    });
    list.append(entry);
    return entry;
  });

  function open() {
    items.forEach((item, index) => {
      if (item.checked) {
        entries[index].setAttribute('aria-checked', String(item.checked()));
      }
    });
    list.hidden = false;
    button.setAttribute('aria-expanded', 'true');
    changed(true);
    entries[0].focus();
  }

  function close(giveFocusBack) {
    if (list.hidden) {
      return;
    }
    list.hidden = true;
    button.setAttribute('aria-expanded', 'false');
    if (giveFocusBack) {
      button.focus();
    }
    changed(false);
  }

  function move(by) {
    const index = entries.indexOf(document.activeElement);
    entries[(index + by + entries.length) % entries.length].focus();
  }

  const KEYS = {
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    Home: () => entries[0].focus(),
    End: () => entries.at(-1).focus(),
    Escape: () => close(true),
    Tab: () => close(true),
  };
  list.addEventListener('keydown', (event) => {
    const action = KEYS[event.key];
    if (action) {
      event.preventDefault();
      event.stopPropagation();
      action();
    }
  });
  button.addEventListener('click', () => (list.hidden ? open() : close(true)));
  document.addEventListener('pointerdown', (event) => {
    if (!list.contains(event.target) && !button.contains(event.target)) {
      close(false);
    }
  }, { capture: true, signal });

  return { element: h('div', { class: 'menu-anchor' }, button, list), close: () => close(false) };
}
