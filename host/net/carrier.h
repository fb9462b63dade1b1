/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "host/net/net-counters.h"

typedef struct {
    gboolean isolated; /* no way out */
    guint64 rate;      /* bytes a second in each direction; 0: no limit */
} CarrierOptions;

/*
 * Carries a guest's frames between QEMU's stream socket and the world, until the socket's other end
 * is gone. It sleeps in one poll, without a time where nothing is under way. carrier_open() makes
 * everything, so that carrier_run() opens nothing but the guest's connections.
 */
typedef struct Carrier Carrier;

/* fd: taken; counters: borrowed. */
Carrier *carrier_open(int fd, const CarrierOptions *options, NetCounters *counters);
void carrier_run(Carrier *carrier);
/* NULL is fine. */
void carrier_close(Carrier *carrier);
