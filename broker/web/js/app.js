// SPDX-License-Identifier: GPL-3.0-or-later
// Which view is shown: by who is signed in, and by the address (#/ the choice, #/desktop/POOL a desktop, #/admin the administration).

import { api, maybeSignedIn } from './api.js';
import { announce, h, icon } from './dom.js';
import { createAdminView } from './admin-view.js';
import { ChooserView } from './chooser-view.js';
import { LoginView } from './login-view.js';
import { StartingView } from './starting-view.js';
import { patiently, sentence } from './problem.js';
import { t } from './strings.js';
import { themeButton } from './theme.js';

const main = document.getElementById('main');
const bar = document.getElementById('bar');

let user = null;
let view = null;
const titles = new Map(); // of the pools seen so far, by name
let message = ''; // for the next view: what just happened

function show(next, { withBar }) {
  view?.leave();
  view = next;
  bar.hidden = !withBar;
  document.body.classList.toggle('has-bar', withBar);
  main.replaceChildren(next.element);
  document.title = `${next.title} – ${t('product')}`;
  next.enter();
}

function takeMessage() {
  const text = message;
  message = '';
  return text;
}

function buildBar() {
  const isAdmin = user.roles?.includes('admin');
  bar.replaceChildren(...[
    h('a', { class: 'bar-brand', href: '#/' }, h('img', { src: 'icon.svg', width: 28, height: 28, alt: '' }), t('product')),
    h('div', { class: 'bar-space' }),
    isAdmin && h('a', { class: 'bar-link', href: '#/admin' }, t('bar.admin')),
    h('span', { class: 'bar-user' }, user.full_name || user.name),
    themeButton(),
    h('button', { type: 'button', class: 'quiet', 'aria-label': t('bar.signOut'), title: t('bar.signOut'), onclick: signOut }, icon('leave'), h('span', { class: 'bar-text' }, t('bar.signOut'))),
  ].filter(Boolean));
}

function showLogin() {
  user = null;
  show(new LoginView({ message: takeMessage(), signedIn }), { withBar: false });
}

function signedIn(who) {
  user = who;
  buildBar();
  route();
}

async function signOut() {
  try {
    await api.logout();
  } catch (error) {
    if (error.kind !== 'unauthorized') {
      announce(sentence(error), true);
      return;
    }
  }
  message = t('login.left');
  history.replaceState(null, '', '#/');
  showLogin();
}

/** The address stays as it is, so that signing in leads back to it. */
api.onExpired = () => {
  if (user) {
    message = t('login.expired');
    showLogin();
  }
};

function goHome(text = '') {
  message = text;
  if (location.hash === '#/' || location.hash === '') {
    route();
  } else {
    location.hash = '#/';
  }
}

/**
 * noVNC is half of the portal's bytes: it comes while people type their names. A browser remembers for the page's life that a
 * module did not come, so then the page is loaded anew; the address says where it was.
 */
async function desktopModule() {
  try {
    return await import('./desktop-view.js');
  } catch {
    await patiently(() => api.about());
    location.reload();
    return new Promise(() => {});
  }
}

function showDesktop(poolName) {
  const starting = new StartingView({
    poolName,
    title: titles.get(poolName),
    leave: () => goHome(),
    async ready(session, name) {
      const { DesktopView } = await desktopModule();
      if (view === starting) {
        show(new DesktopView({ session, poolName, name, goHome, restart: () => showDesktop(poolName) }), { withBar: false });
      }
    },
  });
  show(starting, { withBar: true });
}

function poolOfAddress() {
  const match = /^#\/desktop\/([^/?]+)$/.exec(location.hash);
  try {
    return match && decodeURIComponent(match[1]);
  } catch {
    return null; // a broken %-escape
  }
}

function route() {
  if (!user) {
    return;
  }
  const poolName = poolOfAddress();
  if (poolName) {
    showDesktop(poolName);
  } else if (location.hash === '#/admin' && user.roles?.includes('admin')) {
    show(createAdminView(), { withBar: true });
  } else {
    show(new ChooserView({
      user,
      message: takeMessage(),
      open(pool) {
        titles.set(pool.name, pool.title);
        location.hash = `#/desktop/${encodeURIComponent(pool.name)}`;
      },
    }), { withBar: true });
  }
}

const skip = document.getElementById('skip');
skip.textContent = t('skip');
skip.addEventListener('click', (event) => {
  event.preventDefault(); // the address belongs to the views
  (main.querySelector('h1') ?? main).focus();
});

window.addEventListener('hashchange', route);

async function begin() {
  if (!maybeSignedIn()) {
    showLogin();
    return;
  }
  try {
    signedIn(await patiently(() => api.me()));
  } catch {
    showLogin();
  }
}

await begin();
import('./desktop-view.js').catch(() => {}); // ahead of time; whether it is there matters when a desktop is
