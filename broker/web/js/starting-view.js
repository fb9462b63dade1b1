// SPDX-License-Identifier: GPL-3.0-or-later
// From the wish for a desktop to the desktop: asks for the session, shows the step it is at, and what to do when it fails.

import { api } from './api.js';
import { announce, h, icon, pause, setText } from './dom.js';
import { patiently, pausedText, sentence } from './problem.js';
import { duration, hasText, language, t } from './strings.js';
import { createWhyPanel } from './why-panel.js';

const STEPS = ['disk', 'machine', 'boot', 'desktop', 'ready'];

class Stepper {
  #items = new Map();

  constructor() {
    this.element = h('ol', { class: 'steps' });
    for (const step of STEPS) {
      const item = h('li', { class: 'step' }, h('span', { class: 'step-dot' }, icon('check')), h('span', { class: 'step-name' }, t(`starting.step.${step}`)));
      this.#items.set(step, item);
      this.element.append(item);
    }
  }

  show(current) {
    const now = STEPS.indexOf(current);
    for (const [step, item] of this.#items) {
      const place = STEPS.indexOf(step);
      item.classList.toggle('is-done', place < now || current === 'ready');
      item.classList.toggle('is-now', place === now && current !== 'ready');
      if (place === now) {
        item.setAttribute('aria-current', 'step');
      } else {
        item.removeAttribute('aria-current');
      }
    }
  }
}

class ProgressBar {
  #fill = h('div', { class: 'progress-fill' });

  constructor() {
    this.element = h('div', {
      class: 'progress', role: 'progressbar', 'aria-valuemin': 0, 'aria-valuemax': 100, 'aria-valuenow': 0, 'aria-label': t('starting.progress'),
    }, this.#fill);
  }

  show(percent) {
    const value = Math.max(0, Math.min(100, Math.round(percent || 0)));
    this.element.setAttribute('aria-valuenow', String(value));
    // A transform, not a width: nothing is laid out anew.
    this.#fill.style.transform = `scaleX(${value / 100})`;
  }
}

/** What it does now. The seconds a host counts are left out: the page counts by itself, and a change is read aloud. */
function stepText(session) {
  const { step, step_text: told, paused } = session;
  if (paused) {
    return pausedText(session);
  }
  const own = `starting.doing.${step}`;
  if (hasText(own) && (language !== 'en' || !told)) {
    return t(own);
  }
  return told ? told.replace(/\s*\(\d+ s\)$/, '') : t('starting.asking');
}

/** The pieces of the page while it starts. */
function createProgress(leave) {
  const stepper = new Stepper();
  const bar = new ProgressBar();
  const doing = h('p', { class: 'starting-doing' }, t('starting.asking'));
  const elapsed = h('p', { class: 'starting-elapsed' });
  const element = h('div', { class: 'starting-progress' },
    stepper.element, bar.element,
    h('div', { class: 'starting-text' }, doing, elapsed),
    h('p', { class: 'starting-note' }, t('starting.note')),
    h('div', { class: 'panel-buttons' }, h('button', { type: 'button', class: 'secondary', onclick: leave }, icon('back'), t('starting.back'))));
  return {
    element,
    show(session) {
      stepper.show(session.step);
      bar.show(session.progress);
      const text = session.state === 'stopping' ? t('starting.stopping') : stepText(session);
      if (doing.textContent !== text) {
        setText(doing, text);
        announce(text);
      }
    },
    tick(seconds) { setText(elapsed, t('starting.elapsed', { time: duration(seconds) })); },
  };
}

/** What is shown when there will be no desktop. */
function createFailure({ name, text, retry, leave, why }) {
  return h('div', { class: 'failure', role: 'alert' },
    h('div', { class: 'failure-mark' }, icon('warning')),
    h('h1', { tabindex: -1 }, t('failed.title', { name })),
    h('p', { class: 'failure-reason' }, text),
    h('div', { class: 'panel-buttons' },
      retry && h('button', { type: 'button', class: 'primary', onclick: retry }, t('failed.retry')),
      why?.button,
      h('button', { type: 'button', class: 'secondary', onclick: leave }, t('desktop.toChooser'))),
    why?.panel);
}

export class StartingView {
  #leaving = new AbortController();
  #poolName;
  #name;
  #ready;
  #leave;
  #progress;
  #heading;
  #panel = h('div', { class: 'panel' });
  #session = null;
  #ticking = null;

  /**
   * poolName: as in the address; title: what people call it, once that is known. ready(session, name) is called once the
   * desktop is; leave() goes back to the choice.
   */
  constructor({ poolName, title, ready, leave }) {
    this.#poolName = poolName;
    this.#name = title ?? poolName;
    this.#ready = ready;
    this.#leave = leave;
    this.#progress = createProgress(leave);
    this.#heading = h('h1', { tabindex: -1 }, t('starting.title', { name: this.#name }));
    this.element = h('div', { class: 'page is-narrow' }, this.#panel);
    this.title = this.#name;
  }

  enter() {
    this.#showProgress();
    this.#run();
  }

  leave() {
    this.#leaving.abort();
    clearInterval(this.#ticking);
  }

  #showProgress() {
    this.#panel.replaceChildren(this.#heading, this.#progress.element);
    this.#heading.focus({ preventScroll: true });
    const began = performance.now();
    clearInterval(this.#ticking);
    this.#ticking = setInterval(() => this.#progress.tick((performance.now() - began) / 1000), 1000);
  }

  #fail(text, { canRetry = true } = {}) {
    clearInterval(this.#ticking);
    const session = this.#session;
    const why = session ? createWhyPanel(session.id, this.#leaving.signal) : null;
    this.#panel.replaceChildren(createFailure({ name: this.#name, text, leave: this.#leave, why, retry: canRetry && (() => this.#again()) }));
    this.#panel.querySelector('h1').focus({ preventScroll: true });
  }

  /** The failed session goes first: asking again would only show it once more. */
  async #again() {
    const { signal } = this.#leaving;
    const old = this.#session;
    this.#session = null;
    this.#showProgress();
    if (old) {
      await patiently(() => api.endSession(old.id, { signal }), signal).catch(() => {}); // gone already is as good
    }
    if (!signal.aborted) {
      this.#run();
    }
  }

  #learn(session) {
    this.#session = session;
    if (session.pool_title && session.pool_title !== this.#name) {
      this.#name = session.pool_title;
      setText(this.#heading, t('starting.title', { name: this.#name }));
    }
    this.#progress.show(session);
  }

  async #follow() {
    const { signal } = this.#leaving;
    this.#learn(await patiently(() => api.startSession(this.#poolName, { signal }), signal));
    while (this.#session.state === 'starting' || this.#session.state === 'stopping') {
      const before = this.#session;
      this.#learn(await patiently(() => api.sessionChange(before, { signal }), signal));
      if (['state', 'step', 'progress'].every((key) => this.#session[key] === before[key])) {
        await pause(250, signal); // a broker that answers at once must not be asked without end
        signal.throwIfAborted();
      }
    }
  }

  async #run() {
    try {
      await this.#follow();
      if (this.#session.state === 'ready') {
        this.#ready(this.#session, this.#name);
      } else {
        this.#fail(this.#session.reason || t(this.#session.state === 'stopped' ? 'failed.stopped' : 'failed.noReason'));
      }
    } catch (error) {
      if (this.#leaving.signal.aborted || error.kind === 'unauthorized') {
        return;
      }
      const gone = error.kind === 'not-found';
      this.#fail(gone ? t('failed.gone') : sentence(error), { canRetry: !gone });
    }
  }
}
