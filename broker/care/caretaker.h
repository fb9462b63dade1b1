/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/session-book.h"

/*
 * What goes on without anybody asking: sessions of those who lost their right to them, templates
 * for pools of clones, spares that wait for users, desktops that nobody looks at. It looks again a
 * moment after caretaker_wake(), and now and then by itself. Main thread only.
 */

typedef struct Caretaker Caretaker;

/* Borrowed; they outlive it. tickets knows whose screens are looked at. */
Caretaker *caretaker_new(Store *store, HostSet *hosts, SessionBook *sessions, TicketBook *tickets);
void caretaker_free(Caretaker *caretaker);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Caretaker, caretaker_free)

/* Something changed that may matter: a host, an image, a template, a desktop, a pool, a group.
 * Cheap.
 */
void caretaker_wake(Caretaker *caretaker);
