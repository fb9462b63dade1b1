/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * Slows down guessing. Each try counts before it is checked, per user and address and per address
 * alone, where an IPv6 address stands for its /64 network: who has one has all of them; a success
 * takes the user's count back. From the THROTTLE_FREE'th try on the waits are 2, 4, 8 … up to 300
 * s. What was quiet for 15 minutes is forgotten. At most THROTTLE_ENTRIES are remembered: the one
 * that was quiet longest goes first. Times are monotonic µs. Main thread only.
 */
#define THROTTLE_FREE         5
#define THROTTLE_FREE_ADDRESS 50
#define THROTTLE_ENTRIES      8192

typedef struct Throttle Throttle;

Throttle *throttle_new(void);
void throttle_free(Throttle *throttle);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Throttle, throttle_free)

/* Returns 0 and counts the try; or the seconds to wait, and does not count it. */
guint throttle_try(Throttle *throttle, const char *user, const char *address, gint64 now);
/* After throttle_try() made somebody wait: whether this is the first time since the try that led to
 * it. Once is worth writing down; whoever goes on at full speed would fill the disk. */
gboolean throttle_first_wait(Throttle *throttle, const char *user, const char *address, gint64 now);
void throttle_success(Throttle *throttle, const char *user, const char *address);
/* Takes back a try that was never checked. */
void throttle_forgive(Throttle *throttle, const char *user, const char *address);
