/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "../input/input.h"
#include <gio/gio.h>

/*
 * Keys, pointer and the wished size to QEMU's console over D-Bus. Calls are not waited for; when
 * QEMU does not answer, positions merge into the newest, and beyond a bound keys and buttons are
 * dropped. Main thread only.
 */

typedef struct DbusInput DbusInput;

DbusInput *dbus_input_new(void);
void dbus_input_free(DbusInput *input);
/* The bus and QEMU's name on it; NULL while it is away. */
void dbus_input_set_peer(DbusInput *input, GDBusConnection *bus, const char *name);
void dbus_input_resize(DbusInput *input, int width, int height);

extern const InputSink dbus_input_sink; /* user is the DbusInput */
