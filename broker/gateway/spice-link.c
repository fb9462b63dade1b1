/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/gateway/spice-link.h"

#include <spice/protocol.h>
#include <string.h>

#define VERSION_MAJOR 2

G_STATIC_ASSERT(SPICE_LINK_KEY_SIZE == SPICE_TICKET_PUBKEY_BYTES);
G_STATIC_ASSERT(SPICE_LINK_TICKET_SIZE == SPICE_TICKET_KEY_PAIR_LENGTH / 8);
G_STATIC_ASSERT(SPICE_LINK_AUTH_SPICE == SPICE_COMMON_CAP_AUTH_SPICE);
G_STATIC_ASSERT(SPICE_LINK_DENIED == SPICE_LINK_ERR_PERMISSION_DENIED);

static guint32
read_u32(const guint8 *at)
{
    guint32 value;

    memcpy(&value, at, sizeof value);
    return GUINT32_FROM_LE(value);
}

/* The header, and whether all of the message is there. least: bytes of the fixed part after the
 * header. */
static SpiceLinkResult
parse_header(const guint8 *data, gsize size, gsize least, gsize *whole)
{
    guint32 magic = SPICE_MAGIC;

    magic = GUINT32_TO_LE(magic);
    if (memcmp(data, &magic, MIN(size, sizeof magic)) != 0)
        return SPICE_LINK_MALFORMED;
    if (size < sizeof(SpiceLinkHeader))
        return SPICE_LINK_MORE;

    guint32 major = read_u32(data + G_STRUCT_OFFSET(SpiceLinkHeader, major_version));
    guint32 body = read_u32(data + G_STRUCT_OFFSET(SpiceLinkHeader, size));
    if (major != VERSION_MAJOR || body < least || body > SPICE_LINK_MAX - sizeof(SpiceLinkHeader))
        return SPICE_LINK_MALFORMED;
    *whole = sizeof(SpiceLinkHeader) + body;
    return size < *whole ? SPICE_LINK_MORE : SPICE_LINK_GOOD;
}

/* The capabilities of a message's body: two arrays of words, the common ones first. counts stand
 * one after the other. */
static gboolean
caps_are_sane(const guint8 *body, gsize body_size, gsize least, const guint8 *counts,
              gboolean *auth_selection, gboolean *mini_header, gsize *common_at)
{
    guint32 common = read_u32(counts);
    guint32 channel = read_u32(counts + 4);
    guint32 at = read_u32(counts + 8);

    *auth_selection = FALSE;
    *mini_header = FALSE;
    *common_at = 0;
    /* each is below 2^32, so the sum fits 64 bits */
    if (at < least || at > body_size || ((guint64)common + channel) * 4 > body_size - at)
        return FALSE;
    if (common > 0) {
        *common_at = at;
        guint32 word = read_u32(body + at);
        *auth_selection = (word & (1u << SPICE_COMMON_CAP_PROTOCOL_AUTH_SELECTION)) != 0;
        *mini_header = (word & (1u << SPICE_COMMON_CAP_MINI_HEADER)) != 0;
    }
    return TRUE;
}

SpiceLinkResult
spice_link_request_parse(const guint8 *data, gsize size, SpiceLinkRequest *request)
{
    const guint8 *body = data + sizeof(SpiceLinkHeader);
    gsize common_at;
    SpiceLinkResult result = parse_header(data, size, sizeof(SpiceLinkMess), &request->size);

    if (result != SPICE_LINK_GOOD)
        return result;
    request->connection = read_u32(body + G_STRUCT_OFFSET(SpiceLinkMess, connection_id));
    request->channel_type = body[G_STRUCT_OFFSET(SpiceLinkMess, channel_type)];
    request->channel_id = body[G_STRUCT_OFFSET(SpiceLinkMess, channel_id)];
    if (!caps_are_sane(body, request->size - sizeof(SpiceLinkHeader), sizeof(SpiceLinkMess),
                       body + G_STRUCT_OFFSET(SpiceLinkMess, num_common_caps),
                       &request->auth_selection, &request->mini_header, &common_at))
        return SPICE_LINK_MALFORMED;
    return SPICE_LINK_GOOD;
}

static SpiceLinkResult
reply_parse(const guint8 *data, gsize size, SpiceLinkReplyInfo *reply, gsize *common_at)
{
    const guint8 *body = data + sizeof(SpiceLinkHeader);
    SpiceLinkResult result = parse_header(data, size, sizeof(SpiceLinkReply), &reply->size);

    if (result != SPICE_LINK_GOOD)
        return result;
    reply->error = read_u32(body + G_STRUCT_OFFSET(SpiceLinkReply, error));
    memcpy(reply->key, body + G_STRUCT_OFFSET(SpiceLinkReply, pub_key), sizeof reply->key);
    if (reply->error == SPICE_LINK_OK &&
        !caps_are_sane(body, reply->size - sizeof(SpiceLinkHeader), sizeof(SpiceLinkReply),
                       body + G_STRUCT_OFFSET(SpiceLinkReply, num_common_caps),
                       &reply->auth_selection, &reply->mini_header, common_at))
        return SPICE_LINK_MALFORMED;
    return SPICE_LINK_GOOD;
}

SpiceLinkResult
spice_link_reply_parse(const guint8 *data, gsize size, SpiceLinkReplyInfo *reply)
{
    gsize common_at;

    return reply_parse(data, size, reply, &common_at);
}

void
spice_link_reply_replace(guint8 *data, const guint8 key[SPICE_LINK_KEY_SIZE])
{
    guint8 *body = data + sizeof(SpiceLinkHeader);
    gsize size = sizeof(SpiceLinkHeader) + read_u32(data + G_STRUCT_OFFSET(SpiceLinkHeader, size));
    SpiceLinkReplyInfo reply = {0};
    gsize common_at = 0;

    if (reply_parse(data, size, &reply, &common_at) != SPICE_LINK_GOOD ||
        reply.error != SPICE_LINK_OK)
        return;
    memcpy(body + G_STRUCT_OFFSET(SpiceLinkReply, pub_key), key, SPICE_LINK_KEY_SIZE);
    if (common_at == 0)
        return;
    guint32 caps = read_u32(body + common_at) & ~(1u << SPICE_COMMON_CAP_AUTH_SASL);
    caps = GUINT32_TO_LE(caps);
    memcpy(body + common_at, &caps, sizeof caps);
}

GBytes *
spice_link_reply_error(guint32 error)
{
    struct {
        SpiceLinkHeader header;
        SpiceLinkReply reply;
    } message = {0};
    guint32 magic = SPICE_MAGIC;

    message.header.magic = GUINT32_TO_LE(magic);
    message.header.major_version = GUINT32_TO_LE(VERSION_MAJOR);
    message.header.minor_version = GUINT32_TO_LE(SPICE_VERSION_MINOR);
    message.header.size = GUINT32_TO_LE((guint32)sizeof(SpiceLinkReply));
    message.reply.error = GUINT32_TO_LE(error);
    message.reply.caps_offset = GUINT32_TO_LE((guint32)sizeof(SpiceLinkReply));
    return g_bytes_new(&message, sizeof message);
}

gsize
spice_framing_next(SpiceFraming *framing, const guint8 *data, gsize size, gboolean *ends)
{
    gsize whole = framing->mini_header ? sizeof(SpiceMiniDataHeader) : sizeof(SpiceDataHeader);
    gsize size_at = framing->mini_header ? G_STRUCT_OFFSET(SpiceMiniDataHeader, size)
                                         : G_STRUCT_OFFSET(SpiceDataHeader, size);
    gsize used = 0;

    G_STATIC_ASSERT(sizeof(SpiceDataHeader) == sizeof framing->header);
    if (framing->header_size < whole) {
        used = MIN(size, whole - framing->header_size);
        memcpy(framing->header + framing->header_size, data, used);
        framing->header_size += used;
        if (framing->header_size == whole)
            framing->body_left = read_u32(framing->header + size_at);
    }
    *ends = FALSE;
    if (framing->header_size == whole) {
        gsize body = MIN(size - used, framing->body_left);
        used += body;
        framing->body_left -= body;
        *ends = framing->body_left == 0;
    }
    if (*ends)
        framing->header_size = 0;
    return used;
}
