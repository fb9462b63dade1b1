// SPDX-License-Identifier: GPL-3.0-or-later
// A broker for tests of the portal: the REST contract's answers, kept in memory, and switches to make things go wrong.

import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FakeDesktop } from './rfb-desktop.mjs';
import { acceptWebSocket } from './websocket.mjs';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const WEB = join(ROOT, 'broker/web');
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml' };
const TITLES = { 400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden', 404: 'Not Found', 409: 'Conflict', 429: 'Too Many Requests', 503: 'Service Unavailable' };
const STEPS = [
  { step: 'disk', step_text: 'Preparing the disk', progress: 5 },
  { step: 'machine', step_text: 'Starting the machine', progress: 15 },
  { step: 'boot', step_text: 'Debian is starting', progress: 40 },
  { step: 'desktop', step_text: 'Waiting for the desktop', progress: 85 },
];

function certificate() {
  const folder = mkdtempSync(join(tmpdir(), 'oriel-mock-'));
  try {
    execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=localhost',
      '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost', '-keyout', join(folder, 'key'), '-out', join(folder, 'cert')], { stdio: 'ignore' });
    return { key: readFileSync(join(folder, 'key')), cert: readFileSync(join(folder, 'cert')) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

class Problem extends Error {
  constructor(status, kind, detail, headers = {}) {
    super(detail);
    Object.assign(this, { status, kind, detail, headers });
  }
}

export class MockBroker {
  users = { alice: { id: 'u1', name: 'alice', full_name: 'Alice Liddell', roles: ['user'], password: 'wonderland' } };
  pools = [
    { id: 'p1', name: 'demo', kind: 'desktop', title: 'Debian desktop', available: true },
    { id: 'p2', name: 'office', kind: 'app', title: 'LibreOffice Writer', available: true },
    { id: 'p3', name: 'lab', kind: 'desktop', title: 'Physics laboratory', available: false },
  ];
  images = [];
  templates = [];
  volumes = [];
  hosts = [];
  groups = [];
  desktops = [];
  sessions = [];
  desktop = new FakeDesktop();
  requests = [];      // every request line, for a look at what was in addresses
  protocols = [];     // the subprotocols of each stream
  blockedFor = 0;     // seconds; sign-in answers 429
  failWith = null;    // the reason the next start fails with
  manualSteps = false; // a test calls advance() itself
  #tokens = new Map();
  #tickets = new Map();
  #waiting = new Set();
  #credentials = certificate();
  #server = null;
  #sockets = new Set();
  port = 0;

  get url() { return `https://127.0.0.1:${this.port}`; }

  async start() {
    this.#server = https.createServer(this.#credentials, (request, response) => this.#serve(request, response));
    this.#server.on('upgrade', (request, socket) => this.#upgrade(request, socket));
    this.#server.on('secureConnection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    await new Promise((resolve) => this.#server.listen(this.port, '127.0.0.1', resolve));
    this.port = this.#server.address().port;
  }

  /** As if killed: everything is cut. start() comes back on the same port; sessions and sign-ins stay, tickets do not. */
  async stop() {
    this.#tickets.clear();
    for (const socket of this.#sockets) {
      socket.destroy();
    }
    await new Promise((resolve) => this.#server.close(resolve));
  }

  expireSignIns() { this.#tokens.clear(); }

  /** Moves a starting session to its next step. */
  advance(session) {
    const next = STEPS[STEPS.findIndex(({ step }) => step === session.step) + 1];
    if (this.failWith && session.step === 'machine') {
      Object.assign(session, { state: 'failed', reason: this.failWith });
      this.failWith = null;
    } else {
      Object.assign(session, next ?? { state: 'ready', step: 'ready', step_text: 'Ready', progress: 100 });
    }
    this.changed();
  }

  changed() {
    for (const wake of [...this.#waiting]) {
      wake();
    }
  }

  async #serve(request, response) {
    const url = new URL(request.url, this.url);
    this.requests.push(`${request.method} ${request.url}`);
    try {
      if (url.pathname === '/healthz') {
        response.end('ok');
      } else if (url.pathname.startsWith('/api/v1/')) {
        await this.#api(request, response, url);
      } else {
        this.#file(response, url.pathname);
      }
    } catch (error) {
      const { status = 500, kind = 'failed', detail = String(error), headers = {} } = error;
      response.writeHead(status, { 'Content-Type': 'application/problem+json', ...headers });
      response.end(JSON.stringify({ type: `https://oriel.invalid/problems/${kind}`, title: TITLES[status], status, detail }));
    }
  }

  #file(response, pathname) {
    const name = normalize(pathname === '/' ? '/index.html' : pathname);
    const path = name === '/icon.svg' ? join(ROOT, 'data/icons/oriel.svg')
      : name.startsWith('/novnc/') ? join(WEB, 'node_modules/@novnc', name) : join(WEB, name);
    let data;
    try {
      data = readFileSync(path);
    } catch {
      throw new Problem(404, 'not-found', 'There is no such page.');
    }
    response.writeHead(200, {
      'Content-Type': TYPES[extname(path)] ?? 'application/octet-stream',
      'Cache-Control': 'no-cache',
      'X-Content-Type-Options': 'nosniff',
      'Content-Security-Policy': `default-src 'self'; connect-src 'self' wss://127.0.0.1:${this.port}; img-src 'self' data: blob:; `
        + "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    });
    response.end(data);
  }

  async #api(request, response, url) {
    const body = await readJson(request);
    const path = url.pathname.slice('/api/v1'.length);
    const answer = (status, value, headers = {}) => {
      response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
      response.end(value === null ? '' : JSON.stringify(value));
    };
    if (path === '/about') {
      return answer(200, { product: 'Oriel', version: '0', title: 'Looking-Glass University' });
    }
    if (path === '/login') {
      return this.#login(body, answer);
    }
    const token = /__Host-oriel=([^;]+)/.exec(request.headers.cookie ?? '')?.[1];
    const signedIn = this.#tokens.get(token);
    if (!signedIn) {
      throw new Problem(401, 'unauthorized', 'You are not signed in.');
    }
    if (request.method !== 'GET' && request.headers['x-csrf-token'] !== signedIn.csrf) {
      throw new Problem(403, 'forbidden', 'The request did not carry the right token.');
    }
    if (path === '/logout') {
      this.#tokens.delete(token);
      return answer(204, null, { 'Set-Cookie': '__Host-oriel=; Path=/; Secure; Max-Age=0' });
    }
    if (path === '/me') {
      return answer(200, { ...signedIn.user, csrf: signedIn.csrf });
    }
    return this.#resources(request, path, url.searchParams, body, answer);
  }

  #login({ username, password }, answer) {
    if (this.blockedFor) {
      throw new Problem(429, 'too-many-requests', 'Too many tries.', { 'Retry-After': String(this.blockedFor) });
    }
    const known = this.users[username];
    if (!known || known.password !== password) {
      throw new Problem(401, 'unauthorized', 'Wrong name or password.');
    }
    const { password: _, ...user } = known;
    const token = randomBytes(16).toString('hex');
    const csrf = randomBytes(16).toString('hex');
    this.#tokens.set(token, { user, csrf });
    answer(200, { expires_at: new Date(Date.now() + 3.6e6).toISOString(), user, csrf },
      { 'Set-Cookie': `__Host-oriel=${token}; Path=/; Secure; HttpOnly; SameSite=Strict` });
  }

  async #resources(request, path, query, body, answer) {
    if (path === '/pools') {
      return answer(200, { items: this.pools });
    }
    if (path === '/images') {
      return answer(200, { items: this.images });
    }
    const [, kind, stopped] = /^\/(images|templates)\/([^/]+)\/cancel$/.exec(path) ?? [];
    const work = kind && this[kind].find((item) => item.name === stopped && item.host === query.get('host'));
    if (work && request.method === 'POST') {
      return answer(200, Object.assign(work, { state: 'failed', reason: `The ${kind === 'images' ? 'import' : 'making'} was cancelled.` }));
    }
    if (['/templates', '/volumes', '/hosts', '/groups', '/desktops'].includes(path)) {
      return answer(200, { items: this[path.slice(1)] });
    }
    if (path === '/sessions') {
      return request.method === 'POST' ? this.#startSession(body, answer) : answer(200, { items: this.sessions });
    }
    const [, id, action] = /^\/sessions\/([^/]+)(?:\/(\w+))?$/.exec(path) ?? [];
    const session = this.sessions.find((item) => item.id === id);
    if (!session) {
      throw new Problem(404, 'not-found', 'There is no such session.');
    }
    if (action === 'connect') {
      return this.#connect(session, body, answer);
    }
    if (action === 'why') {
      const at = session.created_at;
      return answer(200, { items: [
        { at, verdict: 'yes', text: 'You may have this pool: everyone may.' },
        { at, verdict: 'chosen', text: 'The host “local” was chosen: it has the image and 3 GiB of free memory.' },
        { at, verdict: session.reason ? 'no' : 'yes', text: session.reason ?? 'The desktop runs.' },
      ] });
    }
    if (request.method === 'DELETE') {
      this.sessions = this.sessions.filter((item) => item !== session);
      this.desktop.drop(1000);
      this.changed();
      return answer(204, null);
    }
    if (query.has('wait')) {
      await this.#longPoll(session, query);
    }
    if (!this.sessions.includes(session)) {
      throw new Problem(404, 'not-found', 'There is no such session.');
    }
    return answer(200, session);
  }

  #startSession({ pool: name }, answer) {
    const pool = this.pools.find((item) => item.name === name || item.id === name);
    if (!pool) {
      throw new Problem(404, 'not-found', 'There is no such pool.');
    }
    const old = this.sessions.find((item) => item.pool === pool.id && item.state !== 'failed');
    if (old) {
      return answer(200, old);
    }
    const session = {
      id: randomBytes(4).toString('hex'), pool: pool.id, pool_title: pool.title, keeps: pool.keeps ?? 'all', desktop: 'd1', user: 'u1', state: 'starting',
      ...STEPS[0], reason: null, created_at: new Date().toISOString(),
    };
    this.sessions.push(session);
    const step = () => {
      if (session.state === 'starting' && this.sessions.includes(session)) {
        this.advance(session);
        setTimeout(step, 150);
      }
    };
    if (!this.manualSteps) {
      setTimeout(step, 150);
    }
    return answer(201, session);
  }

  #connect(session, { protocol }, answer) {
    if (session.state !== 'ready') {
      throw new Problem(409, 'conflict', 'The desktop is not ready.');
    }
    const ticket = randomBytes(32).toString('base64url');
    this.#tickets.set(ticket, session);
    const expires_at = new Date(Date.now() + 30000).toISOString();
    answer(201, protocol === 'vnc'
      ? { protocol, ticket, expires_at, websocket: `${this.url.replace('https', 'wss')}/stream/vnc` }
      : { protocol, ticket, expires_at, vv: `[virt-viewer]\ntype=spice\npassword=${ticket}\n` });
  }

  #longPoll(session, query) {
    const seen = ['state', 'step', 'progress'].map((name) => query.get(name));
    const paused = query.get('paused');
    const same = () => session.state === seen[0] && session.step === seen[1] && String(session.progress) === seen[2] && this.sessions.includes(session)
      && (paused === null || Boolean(session.paused) === (paused === '1'));
    return new Promise((resolve) => {
      const timer = setTimeout(() => done(), Number(query.get('wait')) * 1000);
      const done = () => { clearTimeout(timer); this.#waiting.delete(wake); resolve(); };
      const wake = () => { if (!same()) { done(); } };
      this.#waiting.add(wake);
      wake();
    });
  }

  #upgrade(request, socket) {
    this.requests.push(`${request.method} ${request.url}`);
    const protocols = (request.headers['sec-websocket-protocol'] ?? '').split(/,\s*/);
    this.protocols.push(protocols);
    const ticket = protocols.find((name) => name.startsWith('oriel.ticket.'))?.slice('oriel.ticket.'.length);
    if (request.url !== '/stream/vnc' || request.headers.origin !== this.url || !this.#tickets.delete(ticket)) {
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      return;
    }
    this.desktop.attach(acceptWebSocket(request, socket));
  }
}

async function readJson(request) {
  let text = '';
  for await (const part of request) {
    text += part;
  }
  return text ? JSON.parse(text) : {};
}

// Alone: a broker to look at, until it is stopped.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const broker = new MockBroker();
  broker.port = Number(process.argv[2] ?? 0);
  await broker.start();
  console.log(broker.url, 'alice wonderland');
}
