/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest-agent/agent-stream.h"

#include <spice/vd_agent.h>
#include <string.h>

/* A message in the making; the two ports' chunks may alternate. */
typedef struct {
    GByteArray
        *bytes; /* header and data so far, at most sizeof(VDAgentMessage) + AGENT_MESSAGE_MAX */
    guint64 missing; /* bytes of the message still to come, kept or not; 0: the header is not
                        complete */
} Assembly;

struct AgentReader {
    AgentReaderMessage message;
    gpointer user;
    gboolean broken;
    guint8 header[sizeof(VDIChunkHeader)];
    gsize header_size;  /* bytes of header that are here */
    guint32 port, left; /* of the chunk under way */
    Assembly ports[VDP_END_PORT];
};

static guint32
read_u32(const guint8 *data)
{
    guint32 value;
    memcpy(&value, data, sizeof value);
    return GUINT32_FROM_LE(value);
}

AgentReader *
agent_reader_new(AgentReaderMessage message, gpointer user)
{
    AgentReader *reader = g_new0(AgentReader, 1);
    reader->message = message;
    reader->user = user;
    for (guint i = 0; i < G_N_ELEMENTS(reader->ports); i++)
        reader->ports[i].bytes = g_byte_array_new();
    return reader;
}

void
agent_reader_free(AgentReader *reader)
{
    if (!reader)
        return;
    for (guint i = 0; i < G_N_ELEMENTS(reader->ports); i++)
        g_byte_array_unref(reader->ports[i].bytes);
    g_free(reader);
}

void
agent_reader_reset(AgentReader *reader)
{
    reader->broken = FALSE;
    reader->header_size = 0;
    reader->left = 0;
    for (guint i = 0; i < G_N_ELEMENTS(reader->ports); i++) {
        g_byte_array_set_size(reader->ports[i].bytes, 0);
        reader->ports[i].missing = 0;
    }
}

static void
finish_message(AgentReader *reader, Assembly *assembly)
{
    g_autoptr(GByteArray) bytes = g_steal_pointer(&assembly->bytes);
    assembly->bytes = g_byte_array_new();
    reader->message(read_u32(bytes->data + G_STRUCT_OFFSET(VDAgentMessage, type)),
                    bytes->data + sizeof(VDAgentMessage), bytes->len - sizeof(VDAgentMessage),
                    reader->user);
}

/* Takes what belongs to the message under way; returns how much that was, or -1 when the stream is
 * broken. */
static gssize
feed_message(AgentReader *reader, Assembly *assembly, const guint8 *data, gsize size)
{
    if (!assembly->missing) {
        gsize taken = MIN(size, sizeof(VDAgentMessage) - assembly->bytes->len);
        g_byte_array_append(assembly->bytes, data, (guint)taken);
        if (assembly->bytes->len < sizeof(VDAgentMessage))
            return (gssize)taken;
        const guint8 *header = assembly->bytes->data;
        if (read_u32(header + G_STRUCT_OFFSET(VDAgentMessage, protocol)) != VD_AGENT_PROTOCOL)
            return -1;
        assembly->missing = read_u32(header + G_STRUCT_OFFSET(VDAgentMessage, size));
        if (!assembly->missing)
            finish_message(reader, assembly);
        return (gssize)taken;
    }
    gsize taken = (gsize)MIN((guint64)size, assembly->missing);
    gsize room = sizeof(VDAgentMessage) + AGENT_MESSAGE_MAX - assembly->bytes->len;
    g_byte_array_append(assembly->bytes, data, (guint)MIN(taken, room));
    assembly->missing -= taken;
    if (!assembly->missing)
        finish_message(reader, assembly);
    return (gssize)taken;
}

static gboolean
begin_chunk(AgentReader *reader)
{
    reader->header_size = 0;
    reader->port = read_u32(reader->header + G_STRUCT_OFFSET(VDIChunkHeader, port));
    reader->left = read_u32(reader->header + G_STRUCT_OFFSET(VDIChunkHeader, size));
    return reader->port >= VDP_CLIENT_PORT && reader->port < VDP_END_PORT &&
           reader->left <= VD_AGENT_MAX_DATA_SIZE;
}

gboolean
agent_reader_feed(AgentReader *reader, const guint8 *data, gsize size)
{
    while (size > 0 && !reader->broken) {
        gssize taken;
        if (!reader->left) {
            taken = (gssize)MIN(size, sizeof reader->header - reader->header_size);
            memcpy(reader->header + reader->header_size, data, (gsize)taken);
            reader->header_size += (gsize)taken;
            if (reader->header_size == sizeof reader->header && !begin_chunk(reader))
                reader->broken = TRUE;
        } else {
            taken =
                feed_message(reader, &reader->ports[reader->port], data, MIN(size, reader->left));
            if (taken < 0) {
                reader->broken = TRUE;
                break;
            }
            reader->left -= (guint32)taken;
        }
        data += taken;
        size -= (gsize)taken;
    }
    return !reader->broken;
}

void
agent_stream_write(GByteArray *out, guint32 type, const guint8 *data, gsize size)
{
    VDAgentMessage message = {
        .protocol = GUINT32_TO_LE(VD_AGENT_PROTOCOL),
        .type = GUINT32_TO_LE(type),
        .size = GUINT32_TO_LE((guint32)size),
    };
    gsize head = sizeof message; /* the first chunk holds the header too */
    do {
        gsize part = MIN(size, VD_AGENT_MAX_DATA_SIZE - head);
        VDIChunkHeader chunk = {
            .port = GUINT32_TO_LE(VDP_CLIENT_PORT),
            .size = GUINT32_TO_LE((guint32)(head + part)),
        };
        g_byte_array_append(out, (const guint8 *)&chunk, sizeof chunk);
        g_byte_array_append(out, (const guint8 *)&message, (guint)head);
        if (part)
            g_byte_array_append(out, data, (guint)part);
        data += part;
        size -= part;
        head = 0;
    } while (size > 0);
}
