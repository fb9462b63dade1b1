/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "host/agent/desktop-progress.h"
#include "host/agent/desktop.h"

/*
 * What the parts of a desktop share: desktop.c makes it and does what it is told,
 * desktop-events.c hears what its machine and its display tell, desktop-hold.c sees it through a
 * full disk, desktop-watch.c sees whether its machine answers, desktop-stats.c tells its numbers.
 * Nobody else includes this.
 */
struct Desktop {
    DesktopRecord *record;
    MachineSpec spec;
    const HostSettings *settings;
    Provider *provider;
    TemplateStore *templates;
    Machine *machine;
    DisplayProcess *display;
    const DesktopEvents *events;
    gpointer user;

    guint tick;         /* every second while it starts */
    gint64 start_began; /* µs, monotonic */
    gint64 step_began;
    gboolean guest_ready; /* its agent said so, or its screen */
    gboolean delete_begun, display_stopping_for_delete;
    ScreenWatch screen;
    guint held;  /* looks for room while its guest stands still for want of it; 0: it does not */
    guint watch; /* asks its machine whether it answers; 0: it does not run, or nobody asks */
    guint asked; /* looks since it was asked and has not answered */
    gint64 asked_at; /* s, Unix time */
    char *silence;   /* a sentence while it does not answer, else NULL */
    json_t *timings; /* of the last start: NAME → ms */
};

/* Goes to a state: recorded, then told. */
void desktop_enter(Desktop *desktop, DesktopState state, const char *reason);
void desktop_enter_step(Desktop *desktop, DesktopStep step);
void desktop_tell(Desktop *desktop);
/* The time of a start that has passed. */
void desktop_note_time(Desktop *desktop, const char *name);
void desktop_become_ready_when_due(Desktop *desktop);
void desktop_start_machine(Desktop *desktop, MachineOrigin origin);
void desktop_start_display(Desktop *desktop);

extern const MachineEvents desktop_machine_events; /* user: the desktop */
extern const DisplayEvents desktop_display_events; /* likewise */

/* --- desktop-stats.c */

/* null when there is none. */
json_t *desktop_network_to_json(const MachineNetwork *network);

/* --- desktop-hold.c */

/* Its guest stands still for want of room on this host's disk: it is let go on when there is some.
 */
void desktop_hold(Desktop *desktop);
/* It runs again. */
void desktop_release(Desktop *desktop);
/* It ended; there is nothing to look for. */
void desktop_forget_hold(Desktop *desktop);
/* A sentence while it stands still, else NULL. */
const char *desktop_held_text(const Desktop *desktop);

/* --- desktop-watch.c */

/* Its machine runs, and is asked from now on whether it answers. */
void desktop_watch(Desktop *desktop);
/* It answered. */
void desktop_heard(Desktop *desktop);
/* It ended; there is nobody to ask. */
void desktop_forget_watch(Desktop *desktop);
/* Why it stands still, for whatever reason: a sentence, or NULL. */
const char *desktop_paused_text(const Desktop *desktop);
/* The same with what goes with it, into desktop_to_json()'s. */
void desktop_pause_to_json(const Desktop *desktop, json_t *json);

/* A warm start has failed for reason: it boots. */
void desktop_fall_back(Desktop *desktop, const char *reason);
