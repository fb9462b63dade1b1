/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/store/store.h"

/* A named machine of a static pool: one that is there anyway, and reached over VNC. */
typedef struct {
    char *name;
    char *vnc;  /* "HOST:PORT" */
    char *user; /* whose it is, by name; NULL: anybody's who is entitled */
    char *
        password; /* of its VNC server, as it was just given; "": none, or the one that is sealed */
    char *sealed; /* the same as the store has it (store/secrets.h); "": none */
} Machine;

Machine *machine_new(const char *name, const char *vnc, const char *user, const char *password);
void machine_free(Machine *machine);

gboolean machine_has_password(const Machine *machine);
/* machine takes over the password of another one of the same name and pool. */
void machine_keep_password(Machine *machine, const Machine *before);
/* For its host, and nobody else: owned by the caller, to be wiped; "" for none. ORIEL_ERROR_FAILED
 * with a sentence for people when it cannot be unsealed. */
char *machine_password(Store *store, const char *pool_id, const Machine *machine, GError **error);

/* Of a list of Machine; NULL when none has the name. */
Machine *machine_find(const GPtrArray *machines, const char *name);

/* Of a pool in order, owned by the caller, of Machine. */
GPtrArray *machine_list(Store *store, const char *pool_id, GError **error);
/* Replaces a pool's machines, and seals the passwords that were given. ORIEL_ERROR_INVALID for a
 * user there is not. */
gboolean machine_write(Store *store, const char *pool_id, GPtrArray *machines, GError **error);

/* Seals what stands plain from before, or is sealed with an older key; what cannot be unsealed
 * stays as it is, with a warning. */
gboolean machine_seal_all(Store *store, GError **error);
