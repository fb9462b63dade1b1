/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * Which of a guest's frames may go on to libslirp. Every length in the headers that libslirp will
 * read is checked here, and every address: libslirp opens a connection of this host to whatever
 * address stands in a packet, this host's loopback included (127.0.0.1 by its own name, 0.0.0.0,
 * and both in IPv6's clothes). What it asks for by its gateway's address is libslirp's to refuse.
 *
 * Pure functions, of one frame alone: a packet in fragments has its addresses in each.
 */
typedef enum {
    FRAME_REFUSED,
    FRAME_TAKEN,
} FrameVerdict;

typedef enum {
    FRAME_ISOLATED, /* addresses and neighbours only: ARP, DHCP, echoes, and the same of IPv6 */
    FRAME_OUTWARD,  /* and TCP and UDP to the world */
} FrameReach;

FrameVerdict frame_filter(const guint8 *frame, gsize length, FrameReach reach);
