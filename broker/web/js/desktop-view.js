// SPDX-License-Identifier: GPL-3.0-or-later
// The desktop fills the page; the toolbar, the clipboard panel and a word about the connection lie over it.

import { api } from './api.js';
import { ClipboardPanel } from './desktop-clipboard.js';
import { DesktopLink } from './desktop-link.js';
import { createToolbar } from './desktop-toolbar.js';
import { confirmLogoff } from './dialog.js';
import { announce, h, setText } from './dom.js';
import { Curtain, endedPanel, Notice, settleScreen } from './overlays.js';
import { patiently, pausedText, sentence } from './problem.js';
import { onToolbarChord, sendKeys, SPECIAL_KEYS } from './special-keys.js';
import { t } from './strings.js';
import { downloadViewerFile, viewerLink } from './viewer-file.js';

const ASK_AGAIN = 5000;
const QUIET_FOR = 400; // a connection that stands sooner needs no words
const WORDS = { connecting: 'desktop.connecting', lost: 'desktop.reconnecting', offline: 'desktop.offline', busy: 'desktop.busy' };

async function toggleFullscreen() {
  if (document.fullscreenElement) {
    await document.exitFullscreen();
    return;
  }
  await document.documentElement.requestFullscreen();
  // Where the browser can, Escape, Alt+Tab and the like go to the desktop too.
  await navigator.keyboard?.lock?.();
}

export class DesktopView {
  #leaving = new AbortController();
  #session;
  #poolName;
  #name;
  #goHome;
  #restart;
  #curtain = new Curtain();
  #notice = new Notice();
  #screen;
  #link;
  #clipboard;
  #toolbar;
  #greeted = false;
  #paused = ''; // why it stands still, where its host says so
  #follow = true; // the guest takes the window's size

  /** goHome(message?) goes back to the choice; restart() asks for the desktop anew. */
  constructor({ session, poolName, name, goHome, restart }) {
    this.#session = session;
    this.#poolName = poolName;
    this.#name = name;
    this.#goHome = goHome;
    this.#restart = restart;
    this.title = name;
    this.#screen = h('div', { class: 'screen', role: 'application', 'aria-label': t('desktop.label', { name }) });
    this.#link = new DesktopLink(this.#screen, session, (image) => this.#curtain.keepPicture(image));
    this.#clipboard = new ClipboardPanel({
      signal: this.#leaving.signal,
      closed: () => this.#focus(),
      send: (text) => this.#link.rfb?.clipboardPasteFrom(text),
      connected: () => Boolean(this.#link.rfb),
    });
    this.#toolbar = this.#createToolbar();
    this.element = h('div', { class: 'desktop' },
      this.#toolbar.element, this.#screen, this.#curtain.picture, this.#curtain.element, this.#clipboard.element, this.#notice.element);
    this.#listen();
  }

  enter() {
    onToolbarChord(this.#toolbar.toggle, this.#leaving.signal);
    this.#link.start();
    this.#watchPause();
  }

  leave() {
    this.#leaving.abort();
    this.#link.stop();
    this.#curtain.stop();
    this.#notice.stop();
    if (document.fullscreenElement) {
      document.exitFullscreen().catch(() => {}); // the browser may have left it by itself just now
    }
  }

  #createToolbar() {
    return createToolbar({
      name: this.#name,
      signal: this.#leaving.signal,
      dismissed: () => this.#focus(),
      actions: {
        clipboard: () => this.#clipboard.toggle(),
        fullscreen: () => this.#fullscreen(),
        disconnect: () => this.#goHome(),
        logoff: () => this.#logoff(),
      },
      keys: SPECIAL_KEYS.map(({ label, keys }) => ({ label, run: () => this.#press(keys) })),
      more: [
        { label: t('desktop.fit'), checked: () => this.#follow, run: () => this.#toggleFollow() },
        { label: t('desktop.viewer'), href: viewerLink(this.#poolName) },
        { label: t('desktop.viewerFile'), run: () => this.#viewerFile() },
      ],
    });
  }

  #listen() {
    this.#link.addEventListener('state', ({ detail }) => this.#showState(detail.state));
    this.#link.addEventListener('clipboard', ({ detail }) => this.#clipboard.received(detail.text));
    this.#link.addEventListener('changed', () => this.#restart());
    this.#link.addEventListener('ended', () => this.#showEnd());
  }

  #showState(state) {
    this.element.dataset.link = state;
    if (state !== 'connected') {
      const words = state === 'lost' && !this.#greeted ? 'desktop.connecting' : WORDS[state];
      this.#curtain.say(t(words), state === 'connecting' ? QUIET_FOR : 0);
      return;
    }
    this.#link.rfb.resizeSession = this.#follow;
    this.#curtain.say(this.#paused);
    settleScreen(this.#screen, this.#leaving.signal);
    if (!this.#toolbar.hasFocus() && !this.#clipboard.isOpen) {
      this.#focus();
    }
    this.#clipboard.begin();
    announce(t('desktop.connected', { name: this.#name }));
    if (!this.#greeted) {
      this.#greeted = true;
      this.#toolbar.greet();
      this.#notice.say(t('desktop.hint'));
    }
  }

  /** Without a word, a desktop that stands still looks like a connection that does. */
  async #watchPause() {
    const { signal } = this.#leaving;
    let seen = this.#session;
    while (!signal.aborted) {
      try {
        seen = await api.sessionChange(seen, { signal });
      } catch (error) {
        if (signal.aborted || error.kind === 'not-found') {
          return;
        }
      }
      if (this.#paused !== pausedText(seen)) {
        this.#paused = pausedText(seen);
        if (this.element.dataset.link === 'connected') {
          this.#curtain.say(this.#paused);
        }
      } else { // a broker that answers at once, or not at all, must not be asked without end
        await new Promise((resolve) => { setTimeout(resolve, ASK_AGAIN); });
      }
    }
  }

  #showEnd() {
    this.element.dataset.link = 'ended';
    this.element.replaceChildren(this.#curtain.picture, endedPanel(this.#restart, this.#goHome));
    this.element.querySelector('h1').focus();
    this.#tellWhy();
  }

  /** Whoever ended it may have said why: then that is the last step of what happened. */
  async #tellWhy() {
    try {
      const { items } = await api.why(this.#session.id, { signal: this.#leaving.signal });
      const last = items.at(-1);
      if (last?.verdict === 'no') {
        setText(this.element.querySelector('.ended-text'), last.text);
      }
    } catch {
      // Then nothing more is known.
    }
  }

  #focus() {
    this.#link.rfb?.focus({ preventScroll: true });
  }

  async #fullscreen() {
    try {
      await toggleFullscreen();
    } catch {
      // Refused by the browser or its user: the window stays as it is.
    }
    this.#focus();
  }

  #press(keys) {
    if (this.#link.rfb) {
      sendKeys(this.#link.rfb, keys);
    }
    this.#focus();
  }

  #toggleFollow() {
    this.#follow = !this.#follow;
    if (this.#link.rfb) {
      this.#link.rfb.resizeSession = this.#follow;
    }
    this.#focus();
  }

  async #logoff() {
    if (!await confirmLogoff(this.#name, this.#session)) {
      this.#focus();
      return;
    }
    const { signal } = this.#leaving;
    try {
      await patiently(() => api.endSession(this.#session.id, { signal }), signal);
    } catch (error) {
      if (signal.aborted) {
        return;
      }
      if (error.kind !== 'not-found') {
        this.#notice.say(sentence(error));
        return;
      }
    }
    this.#goHome(t('logoff.done', { name: this.#name }));
  }

  async #viewerFile() {
    try {
      await downloadViewerFile(this.#session, this.#poolName);
      this.#notice.say(t('desktop.viewerDone'));
    } catch (error) {
      this.#notice.say(sentence(error));
    }
  }
}
