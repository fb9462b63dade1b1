/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * The byte stream of a SPICE guest agent: messages, cut into chunks (spice/vd_agent.h). Both the
 * guest's channel and libspice-server's agent device speak it. Whatever comes in is checked and
 * bounded. Main thread only.
 */

#define AGENT_MESSAGE_MAX                                                                          \
    (1024 * 1024 +                                                                                 \
     64) /* a clipboard's text and its header; the rest of a longer message is dropped */

typedef struct AgentReader AgentReader;

/* size is at most AGENT_MESSAGE_MAX. */
typedef void (*AgentReaderMessage)(guint32 type, const guint8 *data, gsize size, gpointer user);

AgentReader *agent_reader_new(AgentReaderMessage message, gpointer user);
void agent_reader_free(AgentReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AgentReader, agent_reader_free)
/* FALSE when the stream is broken: nothing after it makes sense, what comes later is ignored. */
gboolean agent_reader_feed(AgentReader *reader, const guint8 *data, gsize size);
void agent_reader_reset(AgentReader *reader); /* a new stream begins */

/* Appends a message in chunks. */
void agent_stream_write(GByteArray *out, guint32 type, const guint8 *data, gsize size);
