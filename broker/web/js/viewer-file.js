// SPDX-License-Identifier: GPL-3.0-or-later
// Out of the browser: the same desktop in the desktop viewer.

import { api } from './api.js';
import { h } from './dom.js';

/** The address our own viewer opens: it signs in by itself, so nothing secret is in it. */
export function viewerLink(poolName) {
  return `oriel://${location.host}/${encodeURIComponent(poolName)}`;
}

/** Downloads a .vv file with a fresh ticket. Throws an ApiError. */
export async function downloadViewerFile(session, fileName) {
  const grant = await api.connect(session.id, 'spice');
  const url = URL.createObjectURL(new Blob([grant.vv], { type: 'application/x-virt-viewer' }));
  const link = h('a', { href: url, download: `${fileName.replace(/[^\p{L}\p{N}._-]+/gu, '-') || 'desktop'}.vv` });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}
