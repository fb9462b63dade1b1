/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * The few system calls that carrying frames needs, and no others; no program, no other process, no
 * file that can be written, and memory and connections up to a bound. An isolated guest's process
 * cannot even open a socket, nor a file; one with a way out reads the name servers' addresses
 * (/etc, and where the system's resolver keeps them).
 *
 * To be called when everything is open, before the first frame is read. FALSE: ORIEL_ERROR_FAILED.
 */
gboolean net_sandbox_enter(gboolean isolated, GError **error);
