/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* Which key of a US keyboard makes an X keysym. */
typedef struct {
    guint qnum;     /* 0: no key makes it */
    gboolean shift; /* with shift held */
    gboolean either; /* shift does not matter: not a character */
} KeymapKey;

KeymapKey keymap_find(guint32 keysym);
/* The X keysym that a key of a US keyboard makes; 0: none. */
guint32 keymap_keysym(guint qnum, gboolean shift);
