/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vnc-client.h"

/*
 * Clients that are to be sent the same of a frame are a group: its pixels are planned and encoded
 * once, and each client gets the packets. Videos that come from streams (vnc-video.h) are encoded
 * beside that. Main thread only.
 */

typedef struct VncGroups VncGroups;

/* idle: from the main loop, when all that was begun has been sent. */
VncGroups *vnc_groups_new(void (*idle)(gpointer user), gpointer user);
/* When its clients are freed. Takes NULL. */
void vnc_groups_free(VncGroups *groups);

/* Begins to send the frame to those of the clients (VncClient) that are ready for it. plan: the
 * frame's own, or NULL. resized: nothing of the frame before counts. Not while busy; the frame
 * stands still meanwhile. */
void vnc_groups_present(VncGroups *groups, GPtrArray *clients, const Frame *frame, const Plan *plan,
                        gboolean resized);
gboolean vnc_groups_busy(const VncGroups *groups);
/* The client is gone. */
void vnc_groups_forget(VncGroups *groups, VncClient *client);
