/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/session-book.h"

/*
 * Suspends desktops and ends sessions that nobody has looked at for as long as their pool says.
 * Since when is kept in memory: with a broker that starts anew the time begins anew. Main thread
 * only.
 */

typedef struct IdleCare IdleCare;

/* Borrowed; they outlive it. tickets may be NULL: nobody looks at anything. */
IdleCare *idle_care_new(Store *store, HostSet *hosts, SessionBook *sessions, TicketBook *tickets);
void idle_care_free(IdleCare *care);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IdleCare, idle_care_free)

/* now: seconds of whatever clock. */
void idle_care_run(IdleCare *care, gint64 now);
