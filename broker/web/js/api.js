// SPDX-License-Identifier: GPL-3.0-or-later
// The broker's REST interface. The session is a cookie that scripts cannot read; what changes something carries the CSRF token too.

const BASE = '/api/v1';
const ANSWER_TIMEOUT = 15000;
const LONG_POLL = 30;

/**
 * What went wrong with a call. kind is the last part of the problem's type ("unauthorized", "too-many-requests" …), or
 * "unreachable" (no answer at all), or "unexpected" (an answer that is not the broker's).
 */
export class ApiError extends Error {
  constructor(kind, { status = 0, detail = '', retryAfter = 0 } = {}) {
    super(detail || kind);
    this.kind = kind;
    this.status = status;
    this.detail = detail;
    this.retryAfter = retryAfter;
  }

  /** Whether the same call may well succeed a moment later. */
  get passing() {
    return this.kind === 'unreachable' || this.kind === 'busy' || [502, 503, 504].includes(this.status);
  }
}

async function problemOf(response) {
  const retryAfter = Number.parseInt(response.headers.get('Retry-After') ?? '', 10) || 0;
  let problem = {};
  try {
    problem = await response.json();
  } catch {
    return new ApiError('unexpected', { status: response.status, retryAfter });
  }
  const kind = String(problem.type ?? '').split('/').pop() || 'unexpected';
  return new ApiError(kind, { status: response.status, detail: String(problem.detail ?? problem.title ?? ''), retryAfter });
}

// The cookie itself cannot be seen from here. Asking only where a sign-in was spares everybody else an error in the console.
const SIGNED_IN = 'oriel.signed-in';

function rememberSignIn(yes) {
  try {
    if (yes) {
      localStorage.setItem(SIGNED_IN, '1');
    } else {
      localStorage.removeItem(SIGNED_IN);
    }
  } catch {
    // Without storage each page asks.
  }
}

/** Whether it makes sense to ask who is signed in. */
export function maybeSignedIn() {
  try {
    return localStorage.getItem(SIGNED_IN) !== null;
  } catch {
    return true;
  }
}

function timeLimit(signal, milliseconds) {
  const limit = AbortSignal.timeout(milliseconds);
  return signal ? AbortSignal.any([signal, limit]) : limit;
}

class Api {
  #csrf = null;

  /** Called when the broker no longer knows who we are. */
  onExpired = () => {};

  async #send(method, path, { body, signal, timeout = ANSWER_TIMEOUT }) {
    const headers = { Accept: 'application/json' };
    if (body !== undefined) {
      headers['Content-Type'] = 'application/json';
    }
    if (method !== 'GET' && this.#csrf) {
      headers['X-CSRF-Token'] = this.#csrf;
    }
    try {
      return await fetch(BASE + path, {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        credentials: 'same-origin',
        cache: 'no-store',
        signal: timeLimit(signal, timeout),
      });
    } catch (error) {
      if (signal?.aborted) {
        throw error;
      }
      throw new ApiError('unreachable');
    }
  }

  async #call(method, path, options = {}) {
    let response = await this.#send(method, path, options);
    // Signing in again in another tab gives a new token: learn it, once.
    if (response.status === 403 && method !== 'GET' && !options.login && await this.#csrfChanged()) {
      response = await this.#send(method, path, options);
    }
    if (!response.ok) {
      const error = await problemOf(response);
      if (response.status === 401 && !options.login && !options.quiet) {
        this.onExpired();
      }
      throw error;
    }
    if (response.status === 204 || response.headers.get('Content-Length') === '0') {
      return null;
    }
    try {
      return await response.json();
    } catch {
      throw new ApiError('unexpected', { status: response.status });
    }
  }

  async #csrfChanged() {
    const before = this.#csrf;
    try {
      await this.me();
    } catch {
      return false;
    }
    return this.#csrf !== before;
  }

  get(path, options) { return this.#call('GET', path, options); }
  post(path, body, options) { return this.#call('POST', path, { ...options, body: body ?? {} }); }
  delete(path, options) { return this.#call('DELETE', path, options); }

  async login(username, password) {
    const answer = await this.post('/login', { username, password, cookie: true }, { login: true });
    this.#csrf = answer.csrf ?? null;
    rememberSignIn(true);
    return answer.user;
  }

  async logout() {
    await this.post('/logout', {}, { quiet: true });
    this.#csrf = null;
    rememberSignIn(false);
  }

  /** Who is signed in; throws "unauthorized" when nobody is. */
  async me() {
    try {
      const user = await this.#call('GET', '/me', { quiet: true });
      this.#csrf = user.csrf ?? this.#csrf;
      return user;
    } catch (error) {
      if (error.kind === 'unauthorized') {
        rememberSignIn(false);
      }
      throw error;
    }
  }

  /** Follows a list to its end. */
  async #list(path, options) {
    const items = [];
    let after = null;
    do {
      const query = after ? `${path.includes('?') ? '&' : '?'}after=${encodeURIComponent(after)}` : '';
      const page = await this.get(path + query, options);
      items.push(...page.items);
      after = page.next;
    } while (after);
    return items;
  }

  about(options) { return this.get('/about', { ...options, quiet: true }); }
  pools(options) { return this.#list('/pools', options); }
  sessions(options) { return this.#list('/sessions', options); }
  listAll(path, options) { return this.#list(path, options); }

  session(id, options) { return this.get(`/sessions/${encodeURIComponent(id)}`, options); }
  why(id, options) { return this.get(`/sessions/${encodeURIComponent(id)}/why`, options); }
  startSession(pool, options) { return this.post('/sessions', { pool }, options); }
  endSession(id, options) { return this.delete(`/sessions/${encodeURIComponent(id)}`, options); }
  connect(id, protocol, options) { return this.post(`/sessions/${encodeURIComponent(id)}/connect`, { protocol }, options); }

  cancelImage({ name, host }, options) {
    return this.post(`/images/${encodeURIComponent(name)}/cancel?host=${encodeURIComponent(host)}`, {}, options);
  }

  cancelTemplate({ name, host }, options) {
    return this.post(`/templates/${encodeURIComponent(name)}/cancel?host=${encodeURIComponent(host)}`, {}, options);
  }

  /** Answers when the session is no longer as the caller has seen it, or after half a minute. */
  sessionChange(seen, options) {
    const query = new URLSearchParams({
      wait: LONG_POLL,
      state: seen.state,
      step: seen.step ?? '',
      progress: seen.progress ?? 0,
      paused: seen.paused ? 1 : 0,
    });
    return this.get(`/sessions/${encodeURIComponent(seen.id)}?${query}`, { ...options, timeout: (LONG_POLL + 10) * 1000 });
  }

  /** Whether a broker answers at all, whatever it says. */
  async reachable(signal) {
    try {
      await fetch('/healthz', { cache: 'no-store', signal: timeLimit(signal, 5000) });
      return true;
    } catch {
      return false;
    }
  }
}

export const api = new Api();
