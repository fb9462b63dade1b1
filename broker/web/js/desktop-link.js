// SPDX-License-Identifier: GPL-3.0-or-later
// The stream to one desktop, kept alive: takes a ticket, lets noVNC draw, and begins anew when display, broker or network went away.

import RFB from '../novnc/core/rfb.js';
import { api } from './api.js';
import { pause } from './dom.js';
import { Backoff } from './problem.js';

const CONNECT_TIMEOUT = 10000;
const PROBE_EVERY = 10000;
const STEADY = 5000; // a stream that lived this long did not fail for a lasting reason

/** The gateway's path comes from the broker, the host from the page: it may be reached by another name or port than it knows. */
function streamUrl(websocket) {
  const url = new URL(new URL(websocket, location.href).pathname, location.href);
  url.protocol = location.protocol === 'http:' ? 'ws:' : 'wss:';
  return url.href;
}

/**
 * Events: "state" (detail.state: connecting, connected, lost, offline, busy), "clipboard" (detail.text), and one last event
 * when there is nothing to come back to: "ended" (the session is gone) or "changed" (its desktop is no longer ready).
 */
export class DesktopLink extends EventTarget {
  #target;
  #session;
  #keepPicture;
  #stopping = new AbortController();
  #wake = null;       // ends a pause between two tries
  #finishStream = null; // ends the stream that runs
  #backoff = new Backoff();
  #rfb = null;
  #stalled = false;

  /** target: the element noVNC draws in. keepPicture(image | null): shows or drops the last picture meanwhile. */
  constructor(target, session, keepPicture) {
    super();
    this.#target = target;
    this.#session = session;
    this.#keepPicture = keepPicture;
  }

  /** The RFB object while one is connected, or null. */
  get rfb() { return this.#rfb; }

  start() {
    const { signal } = this.#stopping;
    window.addEventListener('online', () => this.#restart(), { signal });
    window.addEventListener('offline', () => this.#say('offline'), { signal });
    this.#run();
    this.#watch();
  }

  stop() {
    this.#stopping.abort();
    this.#wake?.abort();
    this.#finishStream?.();
  }

  #say(state) {
    this.dispatchEvent(new CustomEvent('state', { detail: { state } }));
  }

  #restart() {
    this.#backoff.reset();
    this.#wake?.abort();
    this.#finishStream?.();
  }

  async #run() {
    const { signal } = this.#stopping;
    this.#say('connecting');
    while (!signal.aborted) {
      const last = await this.#once(signal);
      if (signal.aborted) {
        return;
      }
      if (last) {
        this.dispatchEvent(new CustomEvent(last));
        return;
      }
      this.#wake = new AbortController();
      await pause(this.#backoff.next(), this.#wake.signal);
    }
  }

  /** One ticket, one stream. Returns the last event's name when it makes no sense to go on. */
  async #once(signal) {
    try {
      const grant = await api.connect(this.#session.id, 'vnc', { signal });
      await this.#stream(grant);
      if (!signal.aborted) {
        this.#say(navigator.onLine ? 'lost' : 'offline');
      }
      return null;
    } catch (error) {
      if (signal.aborted || error.kind === 'unauthorized') {
        return null; // the page turns to the sign-in, and stops us
      }
      if (error.kind === 'not-found') {
        return 'ended';
      }
      if (error.kind === 'unreachable') {
        this.#say(navigator.onLine ? 'lost' : 'offline');
        return null;
      }
      this.#say('busy');
      return this.#stillReady(signal);
    }
  }

  async #stillReady(signal) {
    try {
      const session = await api.session(this.#session.id, { signal });
      return session.state === 'ready' ? null : 'changed';
    } catch (error) {
      return error.kind === 'not-found' ? 'ended' : null;
    }
  }

  /** Resolves when the stream has ended, for whatever reason. */
  #stream(grant) {
    return new Promise((resolve) => {
      const rfb = new RFB(this.#target, streamUrl(grant.websocket), {
        shared: true,
        wsProtocols: ['binary', `oriel.ticket.${grant.ticket}`],
      });
      const limit = setTimeout(() => rfb.disconnect(), CONNECT_TIMEOUT);
      let connectedAt = 0;
      let open = true;

      const finish = () => {
        clearTimeout(limit);
        if (this.#finishStream !== finish) {
          return;
        }
        this.#finishStream = null;
        if (connectedAt) {
          this.#keepLast(rfb);
          if (performance.now() - connectedAt > STEADY) {
            this.#backoff.reset();
          }
        }
        this.#rfb = null;
        if (open) {
          rfb.disconnect();
        }
        resolve();
      };
      this.#finishStream = finish;

      rfb.scaleViewport = true; // until the guest has followed, or when it cannot
      rfb.resizeSession = true;
      rfb.background = 'transparent';
      rfb.addEventListener('connect', () => {
        clearTimeout(limit);
        connectedAt = performance.now();
        this.#rfb = rfb;
        this.#stalled = false;
        this.#keepPicture(null);
        this.#say('connected');
      });
      rfb.addEventListener('disconnect', () => {
        open = false;
        finish();
      });
      rfb.addEventListener('clipboard', (event) => {
        this.dispatchEvent(new CustomEvent('clipboard', { detail: { text: event.detail.text } }));
      });
    });
  }

  #keepLast(rfb) {
    try {
      this.#keepPicture(rfb.getImageData());
    } catch {
      this.#keepPicture(null); // nothing was drawn yet
    }
  }

  /** A dead network closes nothing: ask the broker now and then, and when it is back after a silence, begin anew. */
  async #watch() {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await pause(this.#stalled ? 1000 : PROBE_EVERY, signal);
      if (signal.aborted || !this.#rfb) {
        continue;
      }
      const reachable = await api.reachable(signal);
      if (signal.aborted) {
        return;
      }
      if (!reachable) {
        this.#stalled = true;
        this.#say('lost');
      } else if (this.#stalled) {
        this.#stalled = false;
        this.#restart();
      }
    }
  }
}
