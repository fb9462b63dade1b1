// SPDX-License-Identifier: GPL-3.0-or-later
// The server's half of RFC 6455, as far as a test needs it: binary messages, close, ping.

import { createHash } from 'node:crypto';
import { EventEmitter } from 'node:events';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Accepts an upgrade with the subprotocol "binary". */
export function acceptWebSocket(request, socket) {
  const accept = createHash('sha1').update(request.headers['sec-websocket-key'] + GUID).digest('base64');
  socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
    + `Sec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: binary\r\n\r\n`);
  return new WebSocketPeer(socket);
}

/** Events: "data" (a buffer) and "close". */
class WebSocketPeer extends EventEmitter {
  #socket;
  #pending = Buffer.alloc(0);

  constructor(socket) {
    super();
    this.#socket = socket;
    socket.on('data', (data) => this.#take(data));
    socket.on('error', () => {});
    socket.on('close', () => this.emit('close'));
  }

  send(data, opcode = 2) {
    const size = data.length;
    const head = size < 126 ? Buffer.from([0x80 | opcode, size])
      : size < 65536 ? Buffer.from([0x80 | opcode, 126, size >> 8, size & 255])
        : Buffer.concat([Buffer.from([0x80 | opcode, 127, 0, 0, 0, 0]), u32(size)]);
    if (!this.#socket.destroyed) {
      this.#socket.write(Buffer.concat([head, data]));
    }
  }

  close(code) {
    this.send(Buffer.from([code >> 8, code & 255]), 8);
    this.#socket.end();
  }

  #take(data) {
    this.#pending = Buffer.concat([this.#pending, data]);
    for (;;) {
      const frame = this.#next();
      if (!frame) {
        return;
      }
      if (frame.opcode === 8) {
        this.#socket.end();
      } else if (frame.opcode === 9) {
        this.send(frame.payload, 10);
      } else if (frame.opcode !== 10) {
        this.emit('data', frame.payload);
      }
    }
  }

  #next() {
    const data = this.#pending;
    if (data.length < 6) {
      return null;
    }
    let size = data[1] & 127;
    let at = 2;
    if (size === 126) {
      size = data.readUInt16BE(2);
      at = 4;
    } else if (size === 127) {
      if (data.length < 14) {
        return null;
      }
      size = Number(data.readBigUInt64BE(2));
      at = 10;
    }
    if (data.length < at + 4 + size) {
      return null;
    }
    const mask = data.subarray(at, at + 4);
    const payload = Buffer.from(data.subarray(at + 4, at + 4 + size));
    for (let i = 0; i < size; i++) {
      payload[i] ^= mask[i & 3];
    }
    this.#pending = data.subarray(at + 4 + size);
    return { opcode: data[0] & 15, payload };
  }
}

export function u32(value) {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value >>> 0);
  return buffer;
}
