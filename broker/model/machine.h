/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/store/store.h"

/* A named machine of a static pool: one that is there anyway, and reached over VNC. */
typedef struct {
    char *name;
    char *vnc;      /* "HOST:PORT" */
    char *user;     /* whose it is, by name; NULL: anybody's who is entitled */
    char *password; /* of its VNC server; "" for none. Told to hosts, and to nobody else */
} Machine;

Machine *machine_new(const char *name, const char *vnc, const char *user, const char *password);
void machine_free(Machine *machine);

/* Of a list of Machine; NULL when none has the name. */
Machine *machine_find(const GPtrArray *machines, const char *name);

/* Of a pool in order, owned by the caller, of Machine. */
GPtrArray *machine_list(Store *store, const char *pool_id, GError **error);
/* Replaces a pool's machines. ORIEL_ERROR_INVALID for a user there is not. */
gboolean machine_write(Store *store, const char *pool_id, GPtrArray *machines, GError **error);
