/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/host-set.h"
#include "broker/model/desktop.h"
#include "broker/model/pool.h"
#include "broker/model/user.h"
#include "broker/model/why.h"

/* Which machine of a static pool a user gets: their own, or one that is nobody's and free. Writes
 * the store and tells no host. Main thread only. */

/* A new row. ORIEL_ERROR_BUSY: all that the user may have are in use; ORIEL_ERROR_UNAVAILABLE: no
 * host is there that could reach one. */
Desktop *machine_maker_make(Store *store, HostSet *hosts, const User *user, const Pool *pool,
                            Why *why, GError **error);
/* Whether that would succeed now. */
gboolean machine_maker_can(Store *store, HostSet *hosts, const User *user, const Pool *pool);
/* What desktop.create is told of it; a new reference. */
json_t *machine_maker_args(Store *store, const Desktop *desktop, const Pool *pool);
