// SPDX-License-Identifier: GPL-3.0-or-later
// Turns what went wrong into a sentence for the person in front of it, and tries again what passes by itself.

import { ApiError } from './api.js';
import { pause, setText } from './dom.js';
import { duration, hasText, t } from './strings.js';

/** A sentence for an error. Kinds we know are said in the page's language; else the broker's own sentence stands. */
export function sentence(error) {
  if (!(error instanceof ApiError)) {
    return t('error.unexpected');
  }
  if (error.kind === 'too-many-requests') {
    return error.retryAfter ? t('error.tooManyUntil', { time: duration(error.retryAfter) }) : t('error.tooMany');
  }
  if (error.kind === 'conflict' || error.kind === 'invalid' || error.kind === 'forbidden') {
    return error.detail || t('error.unexpected');
  }
  const key = `error.${error.kind}`;
  return hasText(key) ? t(key) : error.detail || t('error.unexpected');
}

/** Why a session's desktop stands still; empty when it does not. */
export function pausedText({ paused, answers }) {
  return paused ? t(answers === false ? 'desktop.silent' : 'desktop.paused') : '';
}

/** The strip at the lower edge that says the broker does not answer. It lies over the page, so nothing moves. */
export function showUnreachable(show) {
  const banner = document.getElementById('net-banner');
  if (show) {
    setText(banner, t('net.retrying'));
  }
  banner.hidden = !show;
}

/** 0.25 s, 0.5 s, 1 s, 2 s, 2 s … */
export class Backoff {
  #delay = 250;

  reset() { this.#delay = 250; }

  next() {
    const delay = this.#delay;
    this.#delay = Math.min(2000, this.#delay * 2);
    return delay;
  }
}

/** Calls until an answer comes that another try would not change; meanwhile says so. Throws what is final, or AbortError. */
export async function patiently(call, signal) {
  const backoff = new Backoff();
  try {
    for (;;) {
      try {
        return await call();
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof ApiError) || !error.passing) {
          throw error;
        }
        showUnreachable(error.kind === 'unreachable');
        await pause(Math.max(backoff.next(), error.retryAfter * 1000), signal);
        signal?.throwIfAborted();
      }
    }
  } finally {
    showUnreachable(false);
  }
}
