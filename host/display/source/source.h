/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "../frame.h"
#include "../surface.h"

/*
 * Where a screen comes from. A source draws into the surface from a thread of its own and reports the rest on the main context's
 * thread through SourceEvents. A source also takes input where it can (source->input is NULL where it cannot: a replay).
 */

typedef struct Source Source;

typedef struct {
    void (*cursor)(Cursor *cursor, gpointer user);            /* a new shape (borrowed); NULL hides it */
    void (*cursor_moved)(int x, int y, gboolean on, gpointer user);
    void (*lost)(gboolean for_good, const char *reason, gpointer user); /* for_good: exit status 3; else the source reconnects by itself */
    void (*connected)(gpointer user);
    /* Sound from the guest: interleaved S16 stereo frames. */
    void (*audio_start)(guint rate, gpointer user);
    void (*audio)(const gint16 *samples, gsize frames, gpointer user);
    void (*audio_stop)(gpointer user);
    void (*audio_volume)(gboolean mute, guint16 left, guint16 right, gpointer user);
    void (*leds)(guint leds, gpointer user); /* InputLeds, as the guest shows them */
    void (*text)(const char *text, gpointer user); /* UTF-8: somebody copied it there */
    void (*ended)(gpointer user);            /* a recording: its last frame is on the screen */
} SourceEvents;

/* How far a recording is. */
typedef struct {
    guint64 shown;                     /* frames */
    gboolean ended;                    /* … and there are no more */
    gint64 begin_us, begin_cpu_us;     /* just before the first was shown: monotonic, and of the process */
} SourceProgress;

typedef struct InputSink InputSink; /* input/input.h */

typedef struct {
    const char *scheme; /* "dbus", "rfb", "replay": --source SCHEME:ADDRESS */
    Source *(*open)(const char *address, Surface *surface, const SourceEvents *events, gpointer user, GError **error);
    void (*close)(Source *source); /* joins the thread; no event comes after it */
    const InputSink *(*input)(Source *source, gpointer *input_user); /* NULL: takes no input */
    void (*resize)(Source *source, int width, int height);            /* ask the guest for another size; a wish */
    void (*clip)(Source *source, const char *text); /* NULL: no clipboard of its own. UTF-8: somebody copied it here */
    /* Of a recording, both or none. sent: every client was sent all of the first so many frames. To be true it is asked in this
     * order: progress, then whether the surface has damage and the sinks have something to send. */
    void (*progress)(Source *source, SourceProgress *progress);
    void (*sent)(Source *source, guint64 shown);
} SourceType;

extern const SourceType source_dbus, source_replay, source_rfb;

/* The registry: the type for "SCHEME:ADDRESS", or NULL; address then points into uri. */
const SourceType *source_type_find(const char *uri, const char **address);
