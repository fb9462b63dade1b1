/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* The configuration of a desktop's private dbus-daemon: one socket, and nobody but this user on it.
 * Free with g_free. */
char *bus_config_text(const char *socket_path, uid_t uid);
