/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/model/name.h"
#include "broker/store/store.h"

/* A host that an administrator made known, beside those of the configuration. */
typedef struct {
    char *name;
    char *address; /* "unix:/PATH" */
} Host;

/* All, in order of their names; owned by the caller, of Host. */
GPtrArray *host_list(Store *store, GError **error);
/* ORIEL_ERROR_EXISTS when the name is taken. */
gboolean host_insert(Store *store, const char *name, const char *address, GError **error);
/* ORIEL_ERROR_REFUSED when the host is the configuration's, so not in the store. */
gboolean host_delete(Store *store, const char *name, GError **error);
