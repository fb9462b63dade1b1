/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * A desktop's own dbus-daemon, over which QEMU and oriel-display exchange screen, sound and input.
 * Only this user gets on it, and its socket RUN/bus lies in a folder of mode 0700. It outlives us.
 * Main-context object.
 */
typedef struct PrivateBus PrivateBus;

typedef struct {
    /* Its socket takes connections. */
    void (*up)(gpointer user);
    /* It did not come up, or ended; how is a phrase that follows "the message bus". Called once;
     * the bus may be freed here. */
    void (*ended)(const char *how, gpointer user);
} PrivateBusEvents;

/* Starts one for run_dir (not a relic: see private_bus_kill). */
PrivateBus *private_bus_start(const char *program, const char *run_dir,
                              const PrivateBusEvents *events, gpointer user, GError **error);
/* Takes up the one that runs; up() does not come. NULL when none does. */
PrivateBus *private_bus_adopt(const char *run_dir, const PrivateBusEvents *events, gpointer user);
/* Lets it run on. NULL is fine. */
void private_bus_free(PrivateBus *bus);

/* Ends the bus of run_dir, whoever started it, and removes its files. It holds nothing worth a
 * farewell. */
void private_bus_kill(const char *run_dir);
