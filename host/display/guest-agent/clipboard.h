/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * The text clipboard between the guest and all viewers. Whoever copied last owns it; text is fetched on demand where the protocol can, else
 * sent at once. UTF-8, "\n" line ends, at most CLIPBOARD_MAX bytes (more is cut at a character and logged). Main thread only.
 * A party never gets back what it offered itself. Events come from the main loop, never from inside a clipboard_ function; a
 * party that joins while there is text is told so. After clipboard_leave() nothing of the party is called any more.
 */

#define CLIPBOARD_MAX (1024 * 1024)

typedef struct Clipboard Clipboard;
typedef struct ClipboardParty ClipboardParty;

typedef struct {
    void (*offered)(gpointer user);                         /* somebody else has new text; ask for it by clipboard_fetch() when wanted */
    void (*wanted)(gpointer user);                          /* this party owns the text: answer by clipboard_provide() */
    void (*cleared)(gpointer user);
} ClipboardEvents;

Clipboard *clipboard_new(void);
void clipboard_free(Clipboard *clipboard);
ClipboardParty *clipboard_join(Clipboard *clipboard, const ClipboardEvents *events, gpointer user);
void clipboard_leave(ClipboardParty *party);

void clipboard_offer(ClipboardParty *party);                                  /* this party copied something */
void clipboard_provide(ClipboardParty *party, const char *text, gssize size); /* its text, asked for or together with the offer; any bytes: checked */
/* done is called once, perhaps at once, with NULL when there is no text or its owner does not answer within 3 s. text is valid UTF-8. */
void clipboard_fetch(ClipboardParty *party, void (*done)(const char *text, gpointer user), gpointer user);
