/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "encoder.h"

/*
 * The packets of the picture that is shown, for the next client with the same settings: clients are
 * ready at times of their own, and most of what one is sent another has just been sent. Main
 * thread.
 */

typedef struct PacketCache PacketCache;

PacketCache *packet_cache_new(void);
void packet_cache_free(PacketCache *cache); /* takes NULL */
/* A reference to what the operation was encoded to, or NULL. */
Packet *packet_cache_find(PacketCache *cache, const EncodeSettings *settings, const PlanOp *op);
/* Takes a reference, and may forget others. */
void packet_cache_add(PacketCache *cache, const EncodeSettings *settings, const PlanOp *op,
                      Packet *packet);
/* Pixels changed: forgets what shows them. NULL: everything. */
void packet_cache_drop(PacketCache *cache, const pixman_region32_t *changed);
