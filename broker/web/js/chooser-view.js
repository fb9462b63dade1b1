// SPDX-License-Identifier: GPL-3.0-or-later
// What the user may open: a card for each pool, with what is running already.

import { api } from './api.js';
import { announce, h, icon, setText } from './dom.js';
import { confirmLogoff } from './dialog.js';
import { patiently, pausedText, sentence } from './problem.js';
import { t } from './strings.js';

const REFRESH = 5000;

/** Pools and sessions, matched. A session whose pool is no longer offered still gets its card: it is the user's work. */
function matched(pools, sessions) {
  const cards = pools.map((pool) => ({ pool, session: null }));
  for (const session of sessions) {
    let card = cards.find(({ pool }) => pool.id === session.pool || pool.name === session.pool);
    if (!card) {
      card = { pool: { id: session.pool, name: session.pool, title: session.pool_title, kind: 'desktop', available: true }, session: null };
      cards.push(card);
    }
    card.session = session;
  }
  return cards;
}

function stateOf({ pool, session }) {
  if (session) {
    const still = session.answers === false ? 'silent' : 'paused';
    return session.paused ? still : session.state;
  }
  return pool.available === false || pool.available === 0 ? 'full' : 'idle';
}

const ACTIONS = { ready: 'continue', paused: 'continue', silent: 'continue', starting: 'continue', stopping: 'continue', suspended: 'continue', failed: 'retry' };

class Card {
  #open;
  #logoff;

  constructor(pool, { open, logoff }) {
    this.pool = pool;
    this.title = h('h2', { class: 'card-title' });
    this.kind = h('p', { class: 'card-kind' });
    this.state = h('p', { class: 'card-state' });
    this.reason = h('p', { class: 'card-reason', hidden: true });
    this.badge = h('div', { class: 'card-badge' });
    this.#open = h('button', { type: 'button', class: 'primary', onclick: () => open(this.pool) });
    this.#logoff = h('button', { type: 'button', class: 'quiet', onclick: () => logoff(this.pool, this.session) }, t('chooser.logoff'));
    this.element = h('li', { class: 'card' },
      h('div', { class: 'card-head' }, this.badge, h('div', {}, this.title, this.kind)),
      this.state, this.reason,
      h('div', { class: 'card-buttons' }, this.#open, this.#logoff));
  }

  show(entry) {
    const { pool, session } = entry;
    const name = pool.title || pool.name;
    const state = stateOf(entry);
    const kind = pool.kind === 'app' ? 'app' : 'desktop';
    const action = ACTIONS[state] ?? 'open';
    this.pool = pool;
    this.session = session;
    this.element.dataset.pool = pool.name;
    this.element.dataset.state = state;
    if (this.badge.dataset.kind !== kind) {
      this.badge.dataset.kind = kind;
      this.badge.replaceChildren(icon(kind));
    }
    setText(this.title, name);
    setText(this.kind, t(`chooser.kind.${kind}`));
    setText(this.state, t(`chooser.state.${state}`));
    setText(this.reason, (state === 'failed' ? session.reason : session && pausedText(session)) ?? '');
    this.reason.hidden = this.reason.textContent === '';
    setText(this.#open, t(`chooser.${action}`));
    this.#open.setAttribute('aria-label', t(`chooser.${action}Name`, { name }));
    this.#open.disabled = state === 'full';
    this.#logoff.setAttribute('aria-label', t('chooser.logoffName', { name }));
    this.#logoff.classList.toggle('is-absent', !session);
  }
}

function emptyState() {
  return h('div', { class: 'empty' }, icon('desktop'),
    h('h2', {}, t('chooser.empty')), h('p', {}, t('chooser.emptyHint')));
}

function placeholder() {
  return h('li', { class: 'card is-placeholder' });
}

export class ChooserView {
  #leaving = new AbortController();
  #cards = new Map(); // by the pool's id
  #list = h('ul', { class: 'cards', 'aria-busy': 'true' }, placeholder(), placeholder());
  #body = h('div', { class: 'chooser-body' }, this.#list);
  #note = h('p', { class: 'page-message', role: 'status' });
  #heading;
  #open;
  #message;
  #timer = null;
  title = t('chooser.title');

  /** open(pool) goes to a desktop. message: a sentence about what just happened, or nothing. */
  constructor({ user, open, message }) {
    this.#open = open;
    this.#message = message;
    this.#heading = h('h1', { tabindex: -1 }, t('chooser.hello', { name: user.full_name || user.name }));
    this.element = h('div', { class: 'page' }, this.#heading, h('p', { class: 'lead' }, t('chooser.lead')), this.#note, this.#body);
  }

  enter() {
    this.#heading.focus({ preventScroll: true });
    if (this.#message) {
      setText(this.#note, this.#message);
      announce(this.#message);
    }
    document.addEventListener('visibilitychange', () => this.#refreshVisible(), { signal: this.#leaving.signal });
    this.#refresh();
  }

  leave() {
    this.#leaving.abort();
    clearTimeout(this.#timer);
  }

  #refreshVisible() {
    if (!document.hidden) {
      this.#refresh();
    }
  }

  async #refresh() {
    const { signal } = this.#leaving;
    clearTimeout(this.#timer);
    try {
      const [pools, sessions] = await patiently(() => Promise.all([api.pools({ signal }), api.sessions({ signal })]), signal);
      this.#show(matched(pools, sessions));
    } catch (error) {
      if (signal.aborted) {
        return;
      }
      setText(this.#note, sentence(error));
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#refreshVisible(), REFRESH);
  }

  /** Cards stay the elements they are: whoever reads or points at one keeps it. */
  #show(entries) {
    const wanted = new Set(entries.map(({ pool }) => pool.id));
    for (const [id, card] of this.#cards) {
      if (!wanted.has(id)) {
        card.element.remove();
        this.#cards.delete(id);
      }
    }
    this.#list.querySelectorAll('.is-placeholder').forEach((element) => element.remove());
    for (const entry of entries) {
      this.#cardOf(entry.pool).show(entry);
    }
    this.#list.setAttribute('aria-busy', 'false');
    const content = entries.length === 0 ? emptyState() : this.#list;
    if (this.#body.firstElementChild.className !== content.className) {
      this.#body.replaceChildren(content);
    }
  }

  #cardOf(pool) {
    let card = this.#cards.get(pool.id);
    if (!card) {
      card = new Card(pool, { open: this.#open, logoff: (which, session) => this.#logoff(which, session) });
      this.#cards.set(pool.id, card);
      this.#list.append(card.element);
    }
    return card;
  }

  async #logoff(pool, session) {
    const { signal } = this.#leaving;
    const name = pool.title || pool.name;
    if (!await confirmLogoff(name, session)) {
      return;
    }
    try {
      await patiently(() => api.endSession(session.id, { signal }), signal);
      setText(this.#note, t('logoff.done', { name }));
    } catch (error) {
      if (signal.aborted) {
        return;
      }
      setText(this.#note, error.kind === 'not-found' ? t('logoff.done', { name }) : sentence(error));
    }
    this.#refresh();
  }
}
