// SPDX-License-Identifier: GPL-3.0-or-later
// Dark and light. Without a choice of the user's the page follows the system; a choice is remembered in this browser.

import { h, icon } from './dom.js';
import { t } from './strings.js';

const KEY = 'oriel.theme';
const systemDark = matchMedia('(prefers-color-scheme: dark)');

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === 'dark' : systemDark.matches;
}

function remember(theme) {
  try {
    if (theme) {
      localStorage.setItem(KEY, theme);
    } else {
      localStorage.removeItem(KEY);
    }
  } catch {
    // The choice then lasts as long as the page.
  }
}

/** Choosing what the system says anyway goes back to following the system. */
export function toggleTheme() {
  const wanted = isDark() ? 'light' : 'dark';
  if (wanted === (systemDark.matches ? 'dark' : 'light')) {
    delete document.documentElement.dataset.theme;
    remember(null);
  } else {
    document.documentElement.dataset.theme = wanted;
    remember(wanted);
  }
  document.dispatchEvent(new Event('oriel-theme'));
}

systemDark.addEventListener('change', () => document.dispatchEvent(new Event('oriel-theme')));

/** A button that shows where it leads to: the moon while it is light. */
export function themeButton() {
  const button = h('button', { type: 'button', class: 'icon-button', onclick: toggleTheme });
  const update = () => {
    const label = t(isDark() ? 'theme.toLight' : 'theme.toDark');
    button.replaceChildren(icon(isDark() ? 'sun' : 'moon'));
    button.title = label;
    button.setAttribute('aria-label', label);
  };
  document.addEventListener('oriel-theme', update);
  update();
  return button;
}
