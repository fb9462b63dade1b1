// SPDX-License-Identifier: GPL-3.0-or-later
// What administrators are shown of each kind of thing: its columns, and how a value is said.

import { api } from './api.js';
import { h } from './dom.js';
import { clock, hasText, number, size, t } from './strings.js';

/** The colour of a state; what is not named is told without one. */
const TONES = {
  ready: 'good', up: 'good', importing: 'busy', making: 'busy', starting: 'busy', suspending: 'busy', stopping: 'busy', deleting: 'busy',
  failed: 'bad', down: 'bad', paused: 'warm', silent: 'bad', stale: 'warm',
};

const AT_WORK = ['importing', 'making', 'starting'];
const NOTHING = '–';

/** Whether something goes on with an item that its list should follow. */
export const isAtWork = (item) => TONES[item.state] === 'busy';

function chip(state) {
  return h('span', { class: `chip is-${TONES[state] ?? 'calm'}` }, hasText(`admin.state.${state}`) ? t(`admin.state.${state}`) : state);
}

/** How far it is, what it is at, and why it is as it is: under the state, where there is anything of it to say. */
function stateCell(item) {
  const still = item.answers === false ? 'silent' : 'paused';
  const state = item.paused ? still : item.state;
  const percent = Math.max(0, Math.min(100, Math.round(item.progress ?? 0)));
  const fill = h('div', { class: 'progress-fill' });
  fill.style.transform = `scaleX(${percent / 100})`;
  return [
    chip(state),
    AT_WORK.includes(item.state) && h('div', { class: 'cell-work' },
      h('div', {
        class: 'progress', role: 'progressbar', 'aria-label': t('admin.progressOf', { name: nameOf(item) }),
        'aria-valuemin': 0, 'aria-valuemax': 100, 'aria-valuenow': percent,
      }, fill), h('span', { class: 'cell-percent' }, t('admin.percent', { percent }))),
    AT_WORK.includes(item.state) && item.step_text && h('p', { class: 'cell-note' }, item.step_text.replace(/\s*\(\d+ s\)$/, '')),
    item.reason && h('p', { class: 'cell-note' }, item.reason),
  ];
}

const nameOf = (item) => item.pool_title ?? item.title ?? item.name ?? '';

/** What counts MiB, as people say it. */
const mebibytes = (value) => (Number.isFinite(value) ? size(value * 1024 * 1024) : NOTHING);
const orNone = (value, text) => (value > 0 ? text(value) : t('admin.never'));

/** Columns whose value is not simply the item's own of that name. */
const CELLS = {
  state: stateCell,
  size_bytes: (item) => (item.size_bytes > 0 ? size(item.size_bytes) : NOTHING),
  used_bytes: (item) => (item.used_bytes > 0 ? size(item.used_bytes) : NOTHING),
  size_mib: (item) => mebibytes(item.size_mib),
  home_mib: (item) => (item.home_mib > 0 ? mebibytes(item.home_mib) : NOTHING),
  shape: (item) => (item.policy === 'static' ? NOTHING : t('admin.shape', { cpus: number(item.cpus), memory: mebibytes(item.memory_mib) })),
  maximum: (item) => (item.maximum > 0 ? number(item.maximum) : t('admin.unbounded')),
  start: (item) => (item.policy === 'static' ? NOTHING : word('start', item.start)),
  policy: (item) => word('policy', item.policy),
  origin: (item) => (item.machine ? NOTHING : word('origin', item.origin)),
  idle_suspend_minutes: (item) => orNone(item.idle_suspend_minutes, (minutes) => t('admin.minutes', { minutes: number(minutes) })),
  image: (item) => [item.image || NOTHING,
    item.previous_image && h('p', { class: 'cell-note' }, t('admin.before', { image: item.previous_image }))],
  accelerator: (item) => [item.accelerator ?? NOTHING,
    item.accelerator_reason && h('p', { class: 'cell-note' }, item.accelerator_reason)],
  memory: (item) => mebibytes(item.memory_mib),
  asked: (item) => mebibytes(item.memory?.asked_mib),
  used: (item) => mebibytes(item.memory?.used_mib),
  shared: (item) => mebibytes(item.memory?.shared_mib),
  disk_free_mib: (item) => mebibytes(item.disk_free_mib),
};

function word(column, value) {
  const key = `admin.${column}.${value}`;
  return value ? (hasText(key) ? t(key) : value) : NOTHING;
}

function plain(column, value) {
  if (value === null || value === undefined || value === '') {
    return NOTHING;
  }
  if (typeof value === 'boolean') {
    return t(value ? 'admin.yes' : 'admin.no');
  }
  if (column.endsWith('_at')) {
    return clock(value);
  }
  if (Array.isArray(value)) {
    return value.join(', ') || NOTHING;
  }
  return typeof value === 'number' ? number(value) : String(value);
}

export const TABLES = [
  { key: 'sessions', path: '/sessions?all=1', columns: ['user', 'pool_title', 'state', 'created_at'] },
  { key: 'desktops', path: '/desktops', columns: ['name', 'user', 'state', 'origin', 'image', 'host', 'created_at'] },
  { key: 'pools', path: '/pools?all=1', columns: ['name', 'title', 'policy', 'start', 'image', 'shape', 'entitled', 'spares', 'maximum', 'home_mib', 'idle_suspend_minutes'] },
  {
    key: 'images', path: '/images', columns: ['name', 'title', 'state', 'host', 'size_bytes', 'desktops', 'templates'],
    stop: (item, options) => api.cancelImage(item, options), stoppable: 'importing',
  },
  {
    key: 'templates', path: '/templates', columns: ['name', 'state', 'image', 'host', 'pools', 'size_bytes', 'desktops'],
    stop: (item, options) => api.cancelTemplate(item, options), stoppable: 'making',
  },
  { key: 'volumes', path: '/volumes', columns: ['user', 'pool', 'state', 'host', 'size_mib', 'used_bytes', 'created_at'] },
  { key: 'users', path: '/users', columns: ['name', 'full_name', 'roles', 'disabled'] },
  { key: 'groups', path: '/groups', columns: ['name', 'members'] },
  { key: 'hosts', path: '/hosts', columns: ['name', 'state', 'accelerator', 'memory', 'asked', 'used', 'shared', 'desktops', 'desktops_fit', 'disk_free_mib'] },
];

/** The last cell of a row whose work can be stopped. */
function stopCell({ key, stoppable }, item, onStop) {
  return item.state === stoppable && h('button', {
    type: 'button', class: 'secondary', 'data-key': `${item.host}/${item.name}`,
    'aria-label': t(`admin.stopNamed.${key}`, { name: item.name }), onclick: () => onStop(item),
  }, t('admin.stop'));
}

/**
 * A table of items. The roles are said again because a narrow page shows each row as a card, and what is no table to the eye would
 * else be none to a screen reader.
 */
export function createTable(entry, items, onStop) {
  const { columns, stop } = entry;
  const title = (column) => t(`admin.column.${column}`);
  const cell = (column, content) => h('td', { role: 'cell', 'data-label': title(column), class: column === 'state' ? 'is-state' : null }, content);
  const head = [...columns, ...(stop ? ['stop'] : [])];
  return h('table', { role: 'table', 'aria-label': t(`admin.${entry.key}`) },
    h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, head.map((column) => h('th', { scope: 'col', role: 'columnheader' }, title(column))))),
    h('tbody', { role: 'rowgroup' }, items.map((item) => h('tr', { role: 'row' },
      columns.map((column) => cell(column, CELLS[column] ? CELLS[column](item) : plain(column, item[column]))),
      stop && cell('stop', stopCell(entry, item, onStop))))));
}

/** What became of work that was seen going on: sentences for who listens. */
export function finishedWork(before, now) {
  return now.filter((item) => !isAtWork(item) && before.some((old) => isAtWork(old) && old.name === item.name && old.id === item.id && old.host === item.host))
    .map((item) => t('admin.finished', { name: nameOf(item), state: hasText(`admin.state.${item.state}`) ? t(`admin.state.${item.state}`) : item.state }));
}
