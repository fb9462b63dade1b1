// SPDX-License-Identifier: GPL-3.0-or-later
// A desktop for tests of the portal: a small RFB 3.8 server that draws a window, a coloured square for each key typed, follows the
// client's size and remembers keys and clipboard. Several clients see the same one.

import { u32 } from './websocket.mjs';

const EXT_DESKTOP_SIZE = -308;
const WALL = [0x8a, 0x6a, 0x2e];   // blue, green, red as little-endian x8r8g8b8 has them
const WINDOW = [0xf4, 0xf2, 0xf0];
const TITLE = [0xa8, 0x74, 0x38];
const INK = [0x30, 0xa0, 0x30];
const KEY_SIZE = 14;

const i32 = (value) => u32(value);
const u16 = (value) => Buffer.from([value >> 8 & 255, value & 255]);

export class FakeDesktop {
  width = 1024;
  height = 768;
  keys = [];          // {keysym, down}
  clipboard = '';
  sizes = [];
  #clients = new Set();

  /** Serves one stream: a WebSocket peer. */
  attach(peer) {
    const client = new Client(this, peer);
    this.#clients.add(client);
    peer.on('close', () => this.#clients.delete(client));
  }

  get clients() { return this.#clients.size; }
  get typed() { return this.keys.filter(({ down, keysym }) => down && keysym < 0x100).map(({ keysym }) => String.fromCharCode(keysym)).join(''); }

  drop(code) {
    for (const client of this.#clients) {
      client.close(code);
    }
  }

  key(keysym, down) {
    this.keys.push({ keysym, down });
    this.changed();
  }

  resize(width, height) {
    this.width = width;
    this.height = height;
    this.sizes.push([width, height]);
    this.changed(true);
  }

  copy(text) {
    for (const client of this.#clients) {
      client.cutText(text);
    }
  }

  changed(resized = false) {
    for (const client of this.#clients) {
      client.changed(resized);
    }
  }

  pixels() {
    const { width, height } = this;
    const data = Buffer.alloc(width * height * 4);
    const fill = (x, y, w, h, [blue, green, red]) => {
      for (let row = Math.max(0, y); row < Math.min(height, y + h); row++) {
        for (let column = Math.max(0, x); column < Math.min(width, x + w); column++) {
          data.set([blue, green, red, 0], (row * width + column) * 4);
        }
      }
    };
    fill(0, 0, width, height, WALL);
    const [x, y, w, h] = [width / 8, height / 8, width * 3 / 4, height * 3 / 4].map(Math.floor);
    fill(x, y, w, h, WINDOW);
    fill(x, y, w, 30, TITLE);
    for (let index = 0; index < this.typed.length; index++) {
      fill(x + 16 + index * (KEY_SIZE + 4), y + 48, KEY_SIZE, KEY_SIZE, INK);
    }
    return data;
  }
}

class Client {
  #desktop;
  #peer;
  #pending = Buffer.alloc(0);
  #step = 'version';
  #wantsUpdate = false;
  #dirty = true;
  #sizeNews = true;
  #knowsSize = false;
  #asked = false; // the news answers this client's own wish

  constructor(desktop, peer) {
    this.#desktop = desktop;
    this.#peer = peer;
    peer.on('data', (data) => {
      this.#pending = Buffer.concat([this.#pending, data]);
      while (this.#consume()) {
        // one message a turn
      }
    });
    peer.send(Buffer.from('RFB 003.008\n'));
  }

  close(code) { this.#peer.close(code); }

  changed(resized) {
    this.#dirty = true;
    this.#sizeNews ||= resized;
    this.#update();
  }

  cutText(text) {
    const data = Buffer.from(text, 'latin1');
    this.#peer.send(Buffer.concat([Buffer.from([3, 0, 0, 0]), u32(data.length), data]));
  }

  #take(size) {
    const data = this.#pending.subarray(0, size);
    this.#pending = this.#pending.subarray(size);
    return data;
  }

  #consume() {
    const have = this.#pending.length;
    if (this.#step === 'version' && have >= 12) {
      this.#take(12);
      this.#peer.send(Buffer.from([1, 1]));
      this.#step = 'security';
      return true;
    }
    if (this.#step === 'security' && have >= 1) {
      this.#take(1);
      this.#peer.send(u32(0));
      this.#step = 'init';
      return true;
    }
    if (this.#step === 'init' && have >= 1) {
      this.#take(1);
      this.#serverInit();
      this.#step = 'running';
      return true;
    }
    return this.#step === 'running' && have > 0 && this.#message(have);
  }

  #serverInit() {
    const name = Buffer.from('fake desktop');
    const format = Buffer.from([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0]);
    this.#peer.send(Buffer.concat([u16(this.#desktop.width), u16(this.#desktop.height), format, u32(name.length), name]));
  }

  /** Handles one whole message; false when it is not all there. */
  #message(have) {
    const data = this.#pending;
    const sizes = {
      0: () => 20,
      2: () => (have >= 4 ? 4 + data.readUInt16BE(2) * 4 : Infinity),
      3: () => 10,
      4: () => 8,
      5: () => 6,
      6: () => (have >= 8 ? 8 + data.readUInt32BE(4) : Infinity),
      251: () => (have >= 8 ? 8 + data[6] * 16 : Infinity),
    };
    const size = sizes[data[0]]?.();
    if (size === undefined) {
      this.#peer.close(1002);
      return false;
    }
    if (have < size) {
      return false;
    }
    this.#handle(this.#take(size));
    return true;
  }

  #handle(message) {
    switch (message[0]) {
      case 0:
        this.#shifts = [message[14], message[15], message[16]];
        break;
      case 2:
        for (let at = 4; at < message.length; at += 4) {
          this.#knowsSize ||= message.readInt32BE(at) === EXT_DESKTOP_SIZE;
        }
        break;
      case 3:
        this.#wantsUpdate = true;
        this.#dirty ||= message[1] === 0;
        this.#update();
        break;
      case 4:
        this.#desktop.key(message.readUInt32BE(4), message[1] === 1);
        break;
      case 6:
        this.#desktop.clipboard = message.subarray(8).toString('latin1');
        break;
      case 251:
        this.#asked = true;
        this.#desktop.resize(message.readUInt16BE(2), message.readUInt16BE(4));
        break;
      default:
    }
  }

  #shifts = [16, 8, 0];

  #update() {
    if (!this.#wantsUpdate || !(this.#dirty || this.#sizeNews)) {
      return;
    }
    const { width, height } = this.#desktop;
    const rectangles = [];
    if (this.#sizeNews && this.#knowsSize) {
      rectangles.push(Buffer.concat([u16(this.#asked ? 1 : 0), u16(0), u16(width), u16(height), i32(EXT_DESKTOP_SIZE),
        Buffer.from([1, 0, 0, 0]), u32(0), u16(0), u16(0), u16(width), u16(height), u32(0)]));
    }
    rectangles.push(Buffer.concat([u16(0), u16(0), u16(width), u16(height), i32(0), this.#ordered(this.#desktop.pixels())]));
    this.#wantsUpdate = false;
    this.#dirty = false;
    this.#sizeNews = false;
    this.#asked = false;
    this.#peer.send(Buffer.concat([Buffer.from([0, 0]), u16(rectangles.length), ...rectangles]));
  }

  /** The client says where it wants red, green and blue. */
  #ordered(pixels) {
    const [red, green, blue] = this.#shifts.map((shift) => shift >> 3);
    const out = Buffer.alloc(pixels.length);
    for (let at = 0; at < pixels.length; at += 4) {
      out[at + blue] = pixels[at];
      out[at + green] = pixels[at + 1];
      out[at + red] = pixels[at + 2];
    }
    return out;
  }
}
