// SPDX-License-Identifier: GPL-3.0-or-later
// The desktop fills the page. What lies over it: the toolbar, the clipboard panel, and a calm word while the connection is away.

import { api } from './api.js';
import { createClipboard } from './desktop-clipboard.js';
import { DesktopLink } from './desktop-link.js';
import { createToolbar } from './desktop-toolbar.js';
import { confirmLogoff } from './dialog.js';
import { announce, h, setText } from './dom.js';
import { patiently, sentence } from './problem.js';
import { onToolbarChord, sendKeys, SPECIAL_KEYS } from './special-keys.js';
import { t } from './strings.js';
import { downloadViewerFile, viewerLink } from './viewer-file.js';

const NOTICE_FOR = 6000;
const QUIET_FOR = 400; // a connection that is back sooner needs no words

/** The strip with words about the connection, and the last picture under it. */
function createCurtain() {
  const picture = h('canvas', { class: 'last-picture', 'aria-hidden': 'true', hidden: true });
  const words = h('p', { class: 'curtain-words', role: 'status' });
  const element = h('div', { class: 'curtain' }, h('div', { class: 'spinner', 'aria-hidden': 'true' }), words);
  let timer = null;
  return {
    element,
    picture,
    keepPicture(image) {
      picture.classList.toggle('is-gone', !image);
      if (image) {
        picture.hidden = false;
        picture.width = image.width;
        picture.height = image.height;
        picture.getContext('2d').putImageData(image, 0, 0);
      }
    },
    say(text, after = 0) {
      clearTimeout(timer);
      timer = setTimeout(() => {
        setText(words, text);
        element.classList.toggle('is-shown', Boolean(text));
      }, after);
    },
    stop() { clearTimeout(timer); },
  };
}

/**
 * Shows a fresh screen when the guest has taken the window's size, or does not within a moment: a picture that changes its size
 * under the eye is the one thing that would jump here.
 */
function settleScreen(screen, signal) {
  const SETTLE = 1200;
  const observer = new MutationObserver(look);
  const timer = setTimeout(done, SETTLE);

  function done() {
    clearTimeout(timer);
    observer.disconnect();
    screen.classList.add('is-settled');
  }
  function look() {
    const canvas = screen.querySelector('canvas');
    if (canvas?.width === screen.clientWidth && canvas.height === screen.clientHeight) {
      done();
    }
  }

  if (screen.classList.contains('is-settled')) {
    done();
    return;
  }
  observer.observe(screen, { subtree: true, attributes: true, attributeFilter: ['width', 'height'] });
  signal.addEventListener('abort', done);
  look();
}

function createNotice() {
  const element = h('p', { class: 'notice', role: 'status' });
  let timer = null;
  return {
    element,
    say(text) {
      clearTimeout(timer);
      setText(element, text);
      element.classList.add('is-shown');
      timer = setTimeout(() => element.classList.remove('is-shown'), NOTICE_FOR);
    },
    stop() { clearTimeout(timer); },
  };
}

function endedPanel(restart, leave) {
  return h('div', { class: 'ended', role: 'alert' },
    h('h1', { tabindex: -1 }, t('desktop.ended')),
    h('p', {}, t('desktop.endedText')),
    h('div', { class: 'panel-buttons' },
      h('button', { type: 'button', class: 'primary', onclick: restart }, t('desktop.newSession')),
      h('button', { type: 'button', class: 'secondary', onclick: () => leave() }, t('desktop.toChooser'))));
}

async function toggleFullscreen() {
  if (document.fullscreenElement) {
    await document.exitFullscreen();
    return;
  }
  await document.documentElement.requestFullscreen();
  // Where the browser can, Escape, Alt+Tab and the like go to the desktop too.
  await navigator.keyboard?.lock?.().catch(() => {});
}

const WORDS = { connecting: 'desktop.connecting', lost: 'desktop.reconnecting', offline: 'desktop.offline', busy: 'desktop.busy' };

/** leave(message?) goes back to the choice; restart() asks for the desktop anew. */
export function createDesktopView({ session, poolName, name, leave, restart }) {
  const leaving = new AbortController();
  const { signal } = leaving;
  const screen = h('div', { class: 'screen', role: 'application', 'aria-label': t('desktop.label', { name }) });
  const curtain = createCurtain();
  const notice = createNotice();
  const link = new DesktopLink(screen, session, curtain.keepPicture);
  const element = h('div', { class: 'desktop' });
  let greeted = false;

  const focusDesktop = () => link.rfb?.focus({ preventScroll: true });
  const clipboard = createClipboard({
    signal,
    closed: focusDesktop,
    send(text) {
      link.rfb?.clipboardPasteFrom(text);
      return Boolean(link.rfb);
    },
  });

  async function logoff() {
    if (!await confirmLogoff(name)) {
      focusDesktop();
      return;
    }
    try {
      await patiently(() => api.endSession(session.id, { signal }), signal);
    } catch (error) {
      if (error.kind !== 'not-found') {
        notice.say(sentence(error));
        return;
      }
    }
    leave(t('logoff.done', { name }));
  }

  async function viewerFile() {
    try {
      await downloadViewerFile(session, poolName);
      notice.say(t('desktop.viewerDone'));
    } catch (error) {
      notice.say(sentence(error));
    }
  }

  function press(keys) {
    if (link.rfb) {
      sendKeys(link.rfb, keys);
    }
    focusDesktop();
  }

  let follow = true;
  function toggleFollow() {
    follow = !follow;
    if (link.rfb) {
      link.rfb.resizeSession = follow;
    }
    focusDesktop();
  }

  const toolbar = createToolbar({
    name,
    signal,
    dismissed: focusDesktop,
    actions: { clipboard: clipboard.toggle, fullscreen: () => toggleFullscreen().catch(() => {}).then(focusDesktop), disconnect: () => leave(), logoff },
    keys: SPECIAL_KEYS.map(({ label, keys }) => ({ label, run: () => press(keys) })),
    more: [
      { label: t('desktop.fit'), checked: () => follow, run: toggleFollow },
      { label: t('desktop.viewer'), href: viewerLink(poolName) },
      { label: t('desktop.viewerFile'), run: viewerFile },
    ],
  });

  function connected() {
    link.rfb.resizeSession = follow;
    curtain.say('');
    settleScreen(screen, signal);
    element.dataset.link = 'connected';
    if (!toolbar.hasFocus() && clipboard.element.hidden) {
      focusDesktop();
    }
    clipboard.connected();
    announce(t('desktop.connected', { name }));
    if (!greeted) {
      greeted = true;
      toolbar.greet();
      notice.say(t('desktop.hint'));
    }
  }

  link.addEventListener('state', ({ detail: { state } }) => {
    if (state === 'connected') {
      connected();
      return;
    }
    element.dataset.link = state;
    curtain.say(t(WORDS[state]), state === 'connecting' ? QUIET_FOR : 0);
  });
  link.addEventListener('clipboard', (event) => clipboard.received(event.detail.text));
  link.addEventListener('changed', restart);
  link.addEventListener('ended', () => {
    element.dataset.link = 'ended';
    element.replaceChildren(curtain.picture, endedPanel(restart, leave));
    element.querySelector('h1').focus();
  });

  element.append(toolbar.element, screen, curtain.picture, curtain.element, clipboard.element, notice.element);

  return {
    element,
    title: name,
    enter() {
      onToolbarChord(toolbar.toggle, signal);
      link.start();
    },
    leave() {
      leaving.abort();
      link.stop();
      curtain.stop();
      notice.stop();
      if (document.fullscreenElement) {
        document.exitFullscreen().catch(() => {});
      }
    },
  };
}
