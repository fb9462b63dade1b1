/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/host-set.h"
#include "broker/model/desktop.h"
#include "broker/model/pool.h"
#include "broker/model/user.h"
#include "broker/model/why.h"
#include "broker/policy/template-name.h"

/* Where a new desktop comes from: the pool's bound, a host, its template, the user's home. Writes
 * the store and tells no host. Main thread only. */

/* What a desktop's screen has before the first client says what it wants. */
#define DESKTOP_FIRST_WIDTH  1280
#define DESKTOP_FIRST_HEIGHT 800

/* A new row for the user, or a spare (user NULL). Errors: those of placement.h. */
Desktop *desktop_maker_make(Store *store, HostSet *hosts, const User *user, const Pool *pool,
                            Why *why, GError **error);
/* A spare of the pool becomes the user's; NULL without error when none will do. Call it in the
 * transaction that writes the session. */
Desktop *desktop_maker_claim(Store *store, HostSet *hosts, const User *user, const Pool *pool,
                             Why *why, GError **error);
/* What desktop.create is told of it; a new reference. */
json_t *desktop_maker_args(Store *store, const Desktop *desktop);

/* The name of the template for the image at that host, in the pool's shape; NULL when the host does
 * not have the image ready, or knows no templates. Owned by the caller. */
char *desktop_maker_template(HostLink *link, const Pool *pool, const char *image);
