/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "source.h"

/*
 * What a source's capture thread has to say to the main thread. Bounded: of the pointer's shape and
 * place, lights, volume, text and connection only the newest is kept; of sound at most OUTBOX_MAX_SOUND
 * pieces, older ones go. post functions: any thread. Events arrive on the thread that called
 * outbox_new(), until outbox_free().
 */

#define OUTBOX_MAX_SOUND 64 /* pieces; QEMU writes 43 of 4 KB a second */

typedef struct Outbox Outbox;

Outbox *outbox_new(const SourceEvents *events, gpointer user);
void outbox_free(Outbox *outbox);

void outbox_post_cursor(Outbox *outbox,
                        Cursor *cursor); /* takes a reference of its own; NULL: hide */
void outbox_post_cursor_moved(Outbox *outbox, int x, int y, gboolean on);
void outbox_post_lost(Outbox *outbox, gboolean for_good, const char *reason);
void outbox_post_connected(Outbox *outbox);
void outbox_post_leds(Outbox *outbox, guint leds);
void outbox_post_audio_start(Outbox *outbox, guint rate);
void outbox_post_audio(Outbox *outbox,
                       GBytes *samples); /* gint16 stereo; takes a reference of its own */
void outbox_post_audio_stop(Outbox *outbox);
void outbox_post_audio_volume(Outbox *outbox, gboolean mute, guint16 left, guint16 right);
void outbox_post_text(Outbox *outbox, const char *text); /* copied */
