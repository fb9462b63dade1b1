/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "packet.h"

/* What waits to be written to one client. Never blocks; who appends keeps to the bound
 * (VNC_OUTPUT_MAX) by asking for the room. */

#define VNC_OUTPUT_MAX (8 * 1024 * 1024) /* bytes */

typedef struct VncOutput VncOutput;

VncOutput *vnc_output_new(int fd); /* fd stays the caller's */
void vnc_output_free(VncOutput *output);
gsize vnc_output_queued(const VncOutput *output); /* bytes; messages that wait included */
/* Is there something that may be written now? */
gboolean vnc_output_wants_write(const VncOutput *output);
/* A message of its own. While an update comes in parts, it waits for the end of that. */
void vnc_output_message(VncOutput *output, const guint8 *data, gsize size);
/* From here to the end, what is appended is one update. */
void vnc_output_begin(VncOutput *output);
void vnc_output_end(VncOutput *output);
void vnc_output_append(VncOutput *output, const guint8 *data, gsize size); /* copies */
/* One rectangle of an update; the first of a client's deflate stream gets the stream's header. */
void vnc_output_append_update(VncOutput *output, Packet *packet);
/* Writes what the socket takes. FALSE: the connection has ended. */
gboolean vnc_output_flush(VncOutput *output);
guint64 vnc_output_written(const VncOutput *output); /* bytes, ever */
