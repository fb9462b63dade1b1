/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/session-book.h"

/*
 * Keeps as many desktops waiting as spares_wanted() says: makes them, throws away those of an older
 * image or shape and those that failed or are too many. Main thread only.
 */

typedef struct SpareCare SpareCare;

/* Borrowed; they outlive it. */
SpareCare *spare_care_new(Store *store, HostSet *hosts, SessionBook *sessions);
void spare_care_free(SpareCare *care);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpareCare, spare_care_free)

/* now: seconds since the epoch. */
void spare_care_run(SpareCare *care, gint64 now);
