/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * The messages of SPICE's link stage, as far as somebody between client and server has to
 * understand them. Pure; all that is given to these functions comes from the network. Little endian
 * on the wire.
 */

#define SPICE_LINK_MAX                                                                             \
    4096 /* bytes of a whole message with its header; real ones have some 60 to 220 */
#define SPICE_LINK_KEY_SIZE    162 /* the server's RSA key of 1024 bits as SubjectPublicKeyInfo */
#define SPICE_LINK_TICKET_SIZE 128 /* what is encrypted with it */
#define SPICE_LINK_AUTH_SPICE  1   /* the mechanism "ticket" */
#define SPICE_LINK_OK          0
#define SPICE_LINK_ERROR       1
#define SPICE_LINK_DENIED      7

typedef enum { SPICE_LINK_MORE, SPICE_LINK_GOOD, SPICE_LINK_MALFORMED } SpiceLinkResult;

typedef struct {
    gsize size; /* of the whole message, header included */
    guint32 connection;
    guint8 channel_type;
    guint8 channel_id;
    gboolean auth_selection; /* the client will name its mechanism */
    gboolean mini_header;    /* it knows the short form of message headers */
} SpiceLinkRequest;

/* data: from the first byte the client sent. More bytes than the message's are fine. */
SpiceLinkResult spice_link_request_parse(const guint8 *data, gsize size, SpiceLinkRequest *request);

typedef struct {
    gsize size;
    guint32 error;
    guint8 key[SPICE_LINK_KEY_SIZE];
    gboolean auth_selection;
    gboolean mini_header;
} SpiceLinkReplyInfo;

SpiceLinkResult spice_link_reply_parse(const guint8 *data, gsize size, SpiceLinkReplyInfo *reply);

/* Puts another key into a reply that spice_link_reply_parse() found good, and takes the offer of
 * SASL out of it. */
void spice_link_reply_replace(guint8 *data, const guint8 key[SPICE_LINK_KEY_SIZE]);

/* A reply that only says what went wrong. */
GBytes *spice_link_reply_error(guint32 error);

/* Where the messages after the link stage end. All zero but mini_header at the beginning. */
typedef struct {
    gboolean mini_header; /* both sides know it */
    guint8 header[18];
    gsize header_size; /* bytes of it seen */
    guint64 body_left;
} SpiceFraming;

/* How many of the bytes belong to the message that is under way; ends says whether it ends with
 * them. size > 0. */
gsize spice_framing_next(SpiceFraming *framing, const guint8 *data, gsize size, gboolean *ends);
