/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "host/agent/desktop-progress.h"
#include "host/agent/desktop.h"

/*
 * What the two parts of a desktop share: desktop.c makes it and does what it is told,
 * desktop-events.c hears what its machine and its display tell. Nobody else includes this.
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
/* A warm start has failed for reason: it boots. */
void desktop_fall_back(Desktop *desktop, const char *reason);
