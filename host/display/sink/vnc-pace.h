/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vnc-congestion.h"
#include "vnc-output.h"

/*
 * The marks behind one client's updates: a fence where the client knows them, else its next request
 * stands for one. Their answers teach the client's VncCongestion, and a timer of the main loop
 * tells when there is room again, or no longer any use in waiting for it. Main thread only.
 */

typedef struct VncPace VncPace;

typedef struct {
    void (*write)(const guint8 *data, gsize size, gpointer user); /* a message for the client */
    void (*room)(gpointer user); /* there may be room for another update */
} VncPaceEvents;

/* out: where the client's bytes go; it lives longer. */
VncPace *vnc_pace_new(const VncOutput *out, const VncPaceEvents *events, gpointer user);
void vnc_pace_free(VncPace *pace);

const VncCongestion *vnc_pace_link(const VncPace *pace);

/* The client says that it knows fences; from the first time on it is sent some. */
void vnc_pace_use_fences(VncPace *pace, gboolean on_request);
/* An update was written. on_request: the client asks for each one. */
void vnc_pace_mark(VncPace *pace, gboolean on_request);
/* A fence from the client: an answer, or a question of its own. size: at most VNC_MAX_FENCE. */
void vnc_pace_fence(VncPace *pace, guint32 flags, const guint8 *payload, gsize size);
/* The client asked for an update. */
void vnc_pace_requested(VncPace *pace);
