/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/*
 * The places between two steps of work where a crash would hurt most. A test that wants to see what
 * the next host makes of it names one in the environment (ORIEL_HOST_DIES_AT), and this process
 * kills itself there. Without that it does nothing.
 */
void fault_point(const char *name);

/* All of them, in the order of fault-point.c; ends with NULL. */
extern const char *const fault_points[];
