/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* A stream of PC set 1 scan code bytes, as SPICE clients send them, to key events. Zeroed: ready.
 */
typedef struct {
    gboolean extended; /* 0xe0 came before */
    guint pause;       /* bytes of Pause's e1 1d 45 that are here */
} ScanCodes;

/* TRUE when byte completes a key: qnum as in input/input.h. */
gboolean scan_codes_feed(ScanCodes *codes, guint8 byte, guint *qnum, gboolean *down);
