/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a guest sends, from the stream's bytes to what libslirp would be given: the fuzzer's first
 * byte says how the rest is cut into reads. What goes on must be whole and may not lead to this
 * host itself, by an independent look at its addresses; and libslirp, isolated as most guests are,
 * must take it.
 */
#include "host/net/frame-filter.h"
#include "host/net/frame-reader.h"
#include "host/net/nat.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static void
expect(gboolean good)
{
    if (!good)
        abort();
}

/* What Linux would connect to itself for. */
static gboolean
is_this_host(const guint8 *packet, gsize length)
{
    struct in6_addr six;
    if (packet[0] >> 4 == 4)
        return packet[16] == 127 || packet[16] == 0;
    expect(length >= 40);
    memcpy(&six, packet + 24, sizeof six);
    return IN6_IS_ADDR_LOOPBACK(&six) || IN6_IS_ADDR_UNSPECIFIED(&six) ||
           IN6_IS_ADDR_V4MAPPED(&six) || IN6_IS_ADDR_V4COMPAT(&six);
}

static void
check(const guint8 *frame, guint length)
{
    gboolean arp = length >= 14 && frame[12] == 0x08 && frame[13] == 0x06;
    expect(length <= FRAME_MAX);
    if (frame_filter(frame, length, FRAME_OUTWARD) != FRAME_TAKEN) {
        expect(frame_filter(frame, length, FRAME_ISOLATED) != FRAME_TAKEN);
        return;
    }
    expect(length >= (arp ? 42 : 34));
    expect(arp || !is_this_host(frame + 14, length - 14));
}

static void
on_answer(const void *frame, gsize length, gpointer user)
{
    expect(length >= 14);
}

static void
read_all(FrameReader *reader, Nat *nat)
{
    const guint8 *frame;
    guint length;
    while (frame_reader_peek(reader, &frame, &length) == FRAME_READ_ONE) {
        /* Where it ends its memory does. */
        g_autofree guint8 *copy = g_memdup2(frame, length);
        check(copy, length);
        if (frame_filter(copy, length, FRAME_ISOLATED) == FRAME_TAKEN)
            nat_input(nat, copy, length);
        frame_reader_pass(reader);
    }
}

int
LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    gsize step = size > 0 ? 1 + data[0] * (gsize)8 : 1;
    FrameReader *reader = frame_reader_new();
    Nat *nat = nat_new(TRUE, on_answer, NULL);
    for (gsize at = 1; at < size;) {
        gsize room;
        guint8 *to = frame_reader_room(reader, &room);
        gsize part = MIN(MIN(room, step), size - at);
        if (part == 0) /* a length that is none stands at the front */
            break;
        memcpy(to, data + at, part);
        frame_reader_filled(reader, part);
        at += part;
        read_all(reader, nat);
    }
    nat_settle(nat);
    nat_free(nat);
    frame_reader_free(reader);
    return 0;
}
