// SPDX-License-Identifier: GPL-3.0-or-later
// What there is, for administrators: lists to look at, and long work that can be stopped. Changing things is orielctl's work.

import { api } from './api.js';
import { announce, h, setText } from './dom.js';
import { patiently, sentence } from './problem.js';
import { clock, t } from './strings.js';

const TABLES = [
  { key: 'sessions', path: '/sessions?all=1', columns: ['user', 'pool_title', 'state', 'step_text', 'created_at'] },
  { key: 'desktops', path: '/desktops', columns: ['name', 'image', 'state', 'host', 'created_at'] },
  { key: 'pools', path: '/pools?all=1', columns: ['name', 'title', 'image', 'policy', 'start', 'spares', 'maximum'] },
  {
    key: 'images', path: '/images', columns: ['name', 'title', 'host', 'state', 'progress', 'desktops', 'reason'],
    stop: (item, options) => api.cancelImage(item, options), stoppable: 'importing',
  },
  { key: 'templates', path: '/templates', columns: ['name', 'host', 'image', 'state', 'progress', 'desktops', 'reason'] },
  { key: 'users', path: '/users', columns: ['name', 'full_name', 'roles', 'disabled'] },
  { key: 'hosts', path: '/hosts', columns: ['name', 'state', 'accelerator', 'desktops', 'desktops_fit'] },
];

/** While something of a list is at work, the list is looked at again. */
const AGAIN = 2000;
const BUSY = ['importing', 'making'];

function cell(column, value) {
  if (value === null || value === undefined || value === '') {
    return '–';
  }
  if (typeof value === 'boolean') {
    return t(value ? 'admin.yes' : 'admin.no');
  }
  if (column.endsWith('_at')) {
    return clock(value);
  }
  if (column === 'progress') {
    return `${value} %`;
  }
  if (Array.isArray(value)) {
    return value.join(', ') || '–';
  }
  return typeof value === 'object' ? value.name ?? '–' : String(value);
}

/** The last cell of a row whose work can be stopped. */
function stopCell({ stop, stoppable }, item, onStop) {
  const works = item.state === stoppable;
  return stop && h('td', {}, works && h('button', {
    type: 'button', class: 'secondary', 'aria-label': t('admin.stopNamed', { name: item.name }), onclick: () => onStop(item),
  }, t('admin.stop')));
}

function table(entry, items, onStop) {
  const { key, columns, stop } = entry;
  if (items.length === 0) {
    return h('p', { class: 'admin-none' }, t('admin.none'));
  }
  return h('div', { class: 'table-frame', tabindex: 0, role: 'region', 'aria-label': t(`admin.${key}`) },
    h('table', {},
      h('thead', {}, h('tr', {}, columns.map((column) => h('th', { scope: 'col' }, t(`admin.column.${column}`))),
        stop && h('th', { scope: 'col' }, t('admin.column.stop')))),
      h('tbody', {}, items.map((item) => h('tr', {}, columns.map((column) => h('td', {}, cell(column, item[column]))),
        stopCell(entry, item, onStop))))));
}

export function createAdminView() {
  const leaving = new AbortController();
  const { signal } = leaving;
  const heading = h('h1', { tabindex: -1 }, t('admin.title'));
  const note = h('p', { class: 'page-message', role: 'status' });
  const body = h('div', { id: 'admin-panel', role: 'tabpanel', class: 'admin-body' });
  const tabs = TABLES.map((entry) => h('button', {
    type: 'button', role: 'tab', class: 'tab', id: `tab-${entry.key}`, 'aria-controls': 'admin-panel', onclick: () => choose(entry),
  }, t(`admin.${entry.key}`)));
  const bar = h('div', { role: 'tablist', class: 'tabs', 'aria-label': t('admin.title') }, tabs);
  let chosen = null;
  let again = 0;

  async function choose(entry) {
    clearTimeout(again);
    chosen = entry;
    tabs.forEach((tab, index) => {
      const selected = TABLES[index] === entry;
      tab.setAttribute('aria-selected', String(selected));
      tab.tabIndex = selected ? 0 : -1;
    });
    body.setAttribute('aria-labelledby', `tab-${entry.key}`);
    try {
      const items = await patiently(() => api.listAll(entry.path, { signal }), signal);
      if (chosen === entry) {
        body.replaceChildren(table(entry, items, (item) => stop(entry, item)));
        setText(note, '');
        if (items.some(({ state }) => BUSY.includes(state))) {
          again = setTimeout(() => choose(entry), AGAIN);
        }
      }
    } catch (error) {
      if (!signal.aborted) {
        setText(note, sentence(error));
      }
    }
  }

  async function stop(entry, item) {
    try {
      await entry.stop(item, { signal });
      await choose(entry);
      announce(t('admin.stopped', { name: item.name }));
    } catch (error) {
      if (!signal.aborted) {
        setText(note, sentence(error));
      }
    }
  }

  bar.addEventListener('keydown', (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by) {
      const index = (tabs.indexOf(document.activeElement) + by + tabs.length) % tabs.length;
      tabs[index].focus();
      choose(TABLES[index]);
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
