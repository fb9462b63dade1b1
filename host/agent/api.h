/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "host/agent/host.h"

/* The host's API on its Unix socket: who is connected, what they call, and what they are told. See
 * ARCHITECTURE.md. */
typedef struct Api Api;

/* Begins to listen. host must outlive it. ORIEL_ERROR_EXISTS when another host listens there. */
Api *api_new(Host *host, GError **error);
/* Connections are closed; answers still under way are dropped. */
void api_free(Api *api);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Api, api_free)
