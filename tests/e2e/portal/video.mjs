// SPDX-License-Identifier: GPL-3.0-or-later
// Watches a desktop with noVNC as it comes, without the portal: node video.mjs HOST:PORT, which serves
// noVNC's files, an empty page, and the desktop by WebSocket. Prints one JSON object once nothing
// has come for a while: how many H.264 pictures there were, what colours the video's two halves had in one, and the picture in the end.

import { openBrowser, openPage } from './browser.mjs';

const [, , place] = process.argv;

/** In the page: connects, counts, looks. */
async function watch(address) {
  const { default: RFB } = await import('/core/rfb.js');
  const { default: H264Decoder } = await import('/core/decoders/h264.js');
  const { supportsWebCodecsH264Decode } = await import('/core/util/browser.js');
  const result = { supported: supportsWebCodecsH264Decode, pictures: 0, keys: 0, halves: [], ended: null };
  const decode = H264Decoder.prototype.decodeRect;
  const QUIET = 2500; // ms without a byte: all has come
  let last = performance.now();
  let asked = 0;

  const mean = (context, x, y, width, height) => {
    const { data } = context.getImageData(x, y, width, height);
    const sum = [0, 0, 0];
    for (let i = 0; i < data.length; i += 4) {
      for (let c = 0; c < 3; c += 1) {
        sum[c] += data[i + c];
      }
    }
    return sum.map((value) => Math.round(value / (data.length / 4)));
  };

  H264Decoder.prototype.decodeRect = function decodeRect(x, y, width, height, sock, display, depth) {
    const done = decode.call(this, x, y, width, height, sock, display, depth);
    if (done) {
      result.pictures += 1;
      result.box = [x, y, width, height];
    }
    return done;
  };
  // One of our own to see when bytes come; noVNC takes an open socket.
  const channel = new WebSocket(address, 'binary');
  channel.addEventListener('message', () => { last = performance.now(); });
  const rfb = new RFB(document.getElementById('screen'), channel);
  const canvas = document.querySelector('canvas');
  rfb.addEventListener('disconnect', (event) => { result.ended = event.detail.clean; });
  // What is on the canvas while pictures come, a little after the tenth.
  const look = () => {
    if (result.pictures >= 10 && result.pictures > asked && result.halves.length < 5) {
      asked = result.pictures;
      const [x, y, width, height] = result.box;
      const context = canvas.getContext('2d');
      result.halves.push([mean(context, x + 8, y + 8, width / 2 - 16, height - 16), mean(context, x + width / 2 + 8, y + 8, width / 2 - 16, height - 16)]);
    }
  };
  const picture = () => {
    const copy = document.createElement('canvas');
    copy.width = canvas.width;
    copy.height = canvas.height;
    copy.getContext('2d').drawImage(canvas, 0, 0);
    return copy.toDataURL('image/png').split(',')[1];
  };
  while (result.ended === null && (performance.now() - last < QUIET || canvas.width < 300)) {
    await new Promise((resolve) => { setTimeout(resolve, 50); });
    look();
  }
  result.picture = picture();
  return result;
}

const browser = await openBrowser();
try {
  const page = await openPage(browser);
  page.setDefaultTimeout(60000);
  await page.goto(`http://${place}/`);
  const result = await page.evaluate(watch, `ws://${place}/desktop`);
  result.errors = page.errors;
  process.stdout.write(`${JSON.stringify(result)}\n`);
} finally {
  await browser.close();
}
