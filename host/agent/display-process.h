/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <jansson.h>

/*
 * The oriel-display of one desktop: started, watched, started again when it dies, found again after
 * our own end, and asked for what it counts. A desktop may want one or not; while it does, this
 * sees to it that one runs. Main-context object.
 */
typedef struct DisplayProcess DisplayProcess;

typedef struct {
    char *program;
    char *name;         /* the desktop's, for people */
    char *source;       /* the "--source" of oriel-display */
    char *agent_socket; /* or NULL */
    char *run_dir;      /* for its sockets and pid file */
    char *log_path;
} DisplayConfig;

typedef struct {
    /* Something that display_process_to_json() tells is different. */
    void (*changed)(gpointer user);
    /* After display_process_stop(): it is gone. */
    void (*stopped)(gpointer user);
} DisplayEvents;

/* The numbers that tell whether a screen without an agent shows a desktop. */
typedef struct {
    gboolean known; /* the display has told them */
    guint width, height;
    guint64 frames;
} DisplayScreen;

/* Takes over what config points to. */
DisplayProcess *display_process_new(DisplayConfig *config, const DisplayEvents *events,
                                    gpointer user);
/* What runs goes on running. NULL is fine. */
void display_process_free(DisplayProcess *display);

/* Wants one: takes up the one that runs, or starts it. ORIEL_ERROR_NOT_FOUND when the program is
 * missing (and it is tried again later). */
gboolean display_process_start(DisplayProcess *display, GError **error);
/* Wants none: ends it. stopped() follows from the main loop, also when none runs. */
void display_process_stop(DisplayProcess *display);

/* It runs and answers. */
gboolean display_process_is_up(const DisplayProcess *display);
void display_process_screen(const DisplayProcess *display, DisplayScreen *screen);
/* 0: none runs. */
pid_t display_process_pid(const DisplayProcess *display);
/* {state, pid, restarts, clients} */
json_t *display_process_to_json(const DisplayProcess *display);

/* fd: a connected socket that is the callee's, or -1 with error. */
typedef void (*DisplayOpened)(int fd, const GError *error, gpointer user);
/* Connects to the display's "vnc" or "spice" socket; waits for it while it starts again, at most
 * timeout_ms. opened is called once, from the main loop, also when the display is freed meanwhile.
 */
void display_process_open(DisplayProcess *display, const char *protocol, guint timeout_ms,
                          DisplayOpened opened, gpointer user);

/* result is borrowed, NULL on error. Called once, also when the display is freed meanwhile. */
typedef void (*DisplayStats)(json_t *result, const GError *error, gpointer user);
void display_process_stats(DisplayProcess *display, DisplayStats done, gpointer user);
