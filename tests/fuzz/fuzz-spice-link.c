/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/gateway/spice-key.h"
#include "broker/gateway/spice-link.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const guint8 key[SPICE_LINK_KEY_SIZE] = {0};
    guint8 ticket[SPICE_LINK_TICKET_SIZE];
    SpiceLinkRequest request;
    SpiceLinkReplyInfo reply;

    if (size == 0)
        return 0;
    if (spice_link_request_parse(data, size, &request) == SPICE_LINK_GOOD &&
        (request.size > size || request.size > SPICE_LINK_MAX))
        __builtin_trap();
    if (spice_link_reply_parse(data, size, &reply) == SPICE_LINK_GOOD) {
        if (reply.size > size || reply.size > SPICE_LINK_MAX)
            __builtin_trap();
        g_autofree guint8 *copy = g_memdup2(data, reply.size);
        spice_link_reply_replace(copy, key);
        spice_key_encrypt_empty(reply.key, ticket);
    }
    return 0;
}
