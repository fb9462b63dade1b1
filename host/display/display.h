/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * One desktop's display: source → pipeline → sinks, and around it input, clipboard, sound, the
 * guest's agent and the sockets. Main thread only; the threads are the source's, the pipeline's
 * workers, and libspice-server's.
 */

typedef struct {
    char *name;     /* for people */
    char *source;   /* SCHEME:ADDRESS */
    char *vnc_path; /* sockets to listen on; NULL: not wanted */
    char *spice_path;
    char *control_path;
    char *agent_path; /* socket of the guest's agent, or NULL */
    char *record_path; /* where to record the screen, or NULL */
    char *stats_path; /* where to write what playing a recording cost, or NULL */
} DisplayOptions;

typedef struct Display Display;

typedef struct {
    void (*lost)(gpointer user);   /* the source is gone for good */
    void (*played)(gpointer user); /* a recording: it was shown and measured to its end */
} DisplayEvents;

/* options are copied where they are kept, events stays the caller's. */
Display *display_new(const DisplayOptions *options, const DisplayEvents *events, gpointer user,
                     GError **error);
void display_free(Display *display);
