// SPDX-License-Identifier: GPL-3.0-or-later
// What there is, for administrators: lists to look at, and long work that can be stopped. Changing things is orielctl's work.

import { api } from './api.js';
import { createTable, finishedWork, isAtWork, TABLES } from './admin-tables.js';
import { announce, h, setText } from './dom.js';
import { patiently, sentence } from './problem.js';
import { t } from './strings.js';

/** A list is looked at again after so long: soon while something in it is at work. */
const AGAIN_SOON = 2000;
const AGAIN = 10000;

export function createAdminView() {
  const leaving = new AbortController();
  const { signal } = leaving;
  const heading = h('h1', { tabindex: -1 }, t('admin.title'));
  const note = h('p', { class: 'page-message', role: 'status' });
  const frame = h('div', { class: 'table-frame', tabindex: 0, role: 'region' });
  const body = h('div', { id: 'admin-panel', role: 'tabpanel', class: 'admin-body' }, frame);
  const tabs = TABLES.map((entry) => h('button', {
    type: 'button', role: 'tab', class: 'tab', id: `tab-${entry.key}`, 'aria-controls': 'admin-panel', onclick: () => choose(entry),
  }, t(`admin.${entry.key}`)));
  const bar = h('div', { role: 'tablist', class: 'tabs', 'aria-label': t('admin.title') }, tabs);
  let chosen = null;
  let shown = null; // the items on the page
  let again = 0;

  function choose(entry) {
    if (chosen !== entry) {
      shown = null;
    }
    chosen = entry;
    tabs.forEach((tab, index) => {
      const selected = TABLES[index] === entry;
      tab.setAttribute('aria-selected', String(selected));
      tab.tabIndex = selected ? 0 : -1;
    });
    body.setAttribute('aria-labelledby', `tab-${entry.key}`);
    frame.setAttribute('aria-label', t(`admin.${entry.key}`));
    return load(entry);
  }

  async function load(entry) {
    clearTimeout(again);
    try {
      const items = await patiently(() => api.listAll(entry.path, { signal }), signal);
      if (chosen === entry) {
        show(entry, items);
        setText(note, '');
      }
    } catch (error) {
      if (signal.aborted || chosen !== entry) {
        return;
      }
      setText(note, sentence(error));
    }
    if (chosen === entry && !signal.aborted) {
      clearTimeout(again);
      again = setTimeout(() => look(entry), shown?.some(isAtWork) ? AGAIN_SOON : AGAIN);
    }
  }

  function look(entry) {
    if (document.hidden) {
      again = setTimeout(() => look(entry), AGAIN);
    } else {
      load(entry);
    }
  }

  /** Where nothing changed nothing is drawn anew: who reads or has the focus there keeps it. */
  function show(entry, items) {
    if (shown && JSON.stringify(shown) === JSON.stringify(items)) {
      return;
    }
    const focused = frame.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
    frame.classList.toggle('is-empty', items.length === 0);
    frame.replaceChildren(items.length === 0 ? h('p', { class: 'admin-none' }, t('admin.none')) : createTable(entry, items, (item) => stop(entry, item)));
    if (focused !== undefined) {
      ([...frame.querySelectorAll('[data-key]')].find(({ dataset }) => dataset.key === focused) ?? frame).focus({ preventScroll: true });
    }
    finishedWork(shown ?? [], items).forEach((text) => announce(text));
    shown = items;
  }

  async function stop(entry, item) {
    try {
      await entry.stop(item, { signal });
      announce(t(`admin.stopped.${entry.key}`, { name: item.name }));
      await load(entry);
    } catch (error) {
      if (!signal.aborted) {
        setText(note, sentence(error));
      }
    }
  }

  bar.addEventListener('keydown', (event) => {
    const at = tabs.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1 + tabs.length, Home: 0, End: tabs.length - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      tabs[to % tabs.length].focus();
      choose(TABLES[to % tabs.length]);
    }
  });

  return {
    element: h('div', { class: 'page is-wide' }, heading, note, bar, body),
    title: t('admin.title'),
    enter() {
      heading.focus({ preventScroll: true });
      choose(TABLES[0]);
    },
    leave() {
      clearTimeout(again);
      leaving.abort();
    },
  };
}
