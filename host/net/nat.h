/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <poll.h>

/*
 * The world that a guest sees, by libslirp: its gateway and DHCP server (10.0.2.2, fec0::2), its
 * name server (10.0.2.3, fec0::3: this host's own), and, unless it is isolated, whatever this host
 * can connect to but for itself. One thread.
 */
typedef struct Nat Nat;

/* How many connections a guest may have at once: an entry in the poll's list each. */
#define NAT_MAX_SOCKETS 1024

/* A frame for the guest, borrowed. */
typedef void (*NatSend)(const void *frame, gsize length, gpointer user);

Nat *nat_new(gboolean isolated, NatSend send, gpointer user);
/* NULL is fine. */
void nat_free(Nat *nat);

/* A frame of the guest's that the filter took. */
void nat_input(Nat *nat, const guint8 *frame, gsize length);

/*
 * Before each poll: which sockets are waited for, in list (of NAT_MAX_SOCKETS); returns how many.
 * *wait: lowered to the ns that libslirp wants to wait at most; where it has nothing to wait
 * for it stays as it is. hold_back: nothing is read from the world.
 */
guint nat_prepare(Nat *nat, struct pollfd *list, gboolean hold_back, gint64 *wait);
/* After it, with the same list. */
void nat_handle(Nat *nat, const struct pollfd *list, guint count);
/* After frames were put in: what waited for them (a neighbour's answer) is sent. */
void nat_settle(Nat *nat);

/* Monotonic, ns: the clock that all of this goes by. */
gint64 nat_now(void);
