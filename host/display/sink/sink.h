/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "../frame.h"
#include "../guest-agent/clipboard.h"
#include "../input/input.h"
#include "../plan.h"
#include <jansson.h>

/*
 * Where frames go. A sink owns its clients: it is handed accepted sockets, takes what the pipeline presents, and calls back for the rest. Main
 * thread only, but for its own workers.
 */

typedef struct Sink Sink;

/* How far the client is that is furthest behind. */
typedef enum {
    SINK_SENDING, /* it has still to come in, to ask, or to be sent something of the last frame */
    SINK_SENT,    /* all of it is handed to its socket; something waits to become sharp */
    SINK_SETTLED, /* … or nothing: what it shows is exact; or there is no client */
} SinkProgress;

typedef struct {
    void (*wants_frame)(gpointer user);                         /* run the pipeline: a client can take a frame now, or the sink is no longer busy */
    void (*resize_wanted)(int width, int height, gpointer user); /* a client's window has this size */
    void (*clients_changed)(gpointer user);
} SinkEvents;

typedef struct {
    Input *input;
    Clipboard *clipboard;
    const SinkEvents *events;
    gpointer user;
    const char *name; /* the desktop's, for people */
    const char *path; /* the file to write, for a sink that does */
} SinkContext;

typedef struct {
    const char *name; /* "vnc", "spice", "record" */
    Sink *(*open)(const SinkContext *context, GError **error);
    void (*close)(Sink *sink);
    gboolean (*add_client)(Sink *sink, int fd, GError **error); /* takes ownership of the connected stream socket, also on failure */
    /* A client that could take a frame now? The pipeline runs only when some sink is ready. */
    gboolean (*ready)(Sink *sink);
    /* The frame stands still until each sink answers FALSE from busy(); plan covers frame->damage (which may be empty, after a
     * sink's wants_frame). plan is NULL after a resize: everything is new. The
     * frame's address stays the same while the pipeline lives, and on the main thread it always describes a readable, whole picture. */
    void (*present)(Sink *sink, const Frame *frame, const Plan *plan);
    gboolean (*busy)(Sink *sink);
    void (*cursor)(Sink *sink, Cursor *cursor); /* NULL hides it */
    void (*cursor_moved)(Sink *sink, int x, int y);
    void (*audio_start)(Sink *sink, guint rate);
    void (*audio)(Sink *sink, const gint16 *samples, gsize frames);
    void (*audio_stop)(Sink *sink);
    void (*stats)(Sink *sink, json_t *object); /* adds its figures */
    guint (*clients)(Sink *sink);
    void (*audio_volume)(Sink *sink, gboolean mute, guint16 left, guint16 right);
    void (*leds)(Sink *sink, guint leds); /* InputLeds */
    /* Between frames; when it grows, wants_frame tells, at the latest when the client asks again. NULL: always SINK_SETTLED. */
    SinkProgress (*progress)(Sink *sink);
} SinkType; /* members other than name, open, close, add_client, ready and present may be NULL */

extern const SinkType sink_vnc, sink_spice, sink_record;
