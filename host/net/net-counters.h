/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * What a desktop's network has carried, in a small file that oriel-net maps and oriel-host reads:
 * to ask wakes nobody, and the numbers go on where an oriel-net that died left them. Frames' bytes
 * are those from the Ethernet header to the end of the data. Numbers only grow.
 */
typedef struct {
    guint64 format;     /* NET_COUNTERS_FORMAT: written last */
    guint64 sent_bytes; /* by the guest, as far as they were taken */
    guint64 sent_frames;
    guint64 received_bytes; /* by the guest */
    guint64 received_frames;
    guint64 refused_frames; /* of the guest's: malformed, or to where it may not go */
    guint64 dropped_frames; /* to the guest: the queue was full */
} NetCounters;

#define NET_COUNTERS_FORMAT G_GUINT64_CONSTANT(0x6f72696c6e657431)

/* Maps the file, which is made where it is not there or is none of these. ORIEL_ERROR_FAILED. */
NetCounters *net_counters_map(const char *path, GError **error);
void net_counters_unmap(NetCounters *counters); /* NULL is fine */

/* FALSE: there are none (yet). */
gboolean net_counters_read(const char *path, NetCounters *counters);
