/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The user's home on the volume that the host gave this machine: a disk whose serial number begins
 * with "oriel-". `identity` gives it to a clone, `home` to a machine that boots. */

/* Puts it in place, made and filled where the volume is empty. session: the session runs already,
 * and goes on in the home that it then has; without, no volume is fine. 0, or -1 with "failed WHY"
 * and a line end in why. */
int home_give(int session, char *why, unsigned size);

/* The user logs off: their programs end, which is when some save what they know, and what was
 * written is on the disk when this returns. */
void home_leave(void);
