/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "host/agent/inventory.h"

/* What the API's calls work on. Everything is borrowed and lives as long as the program. */
typedef struct {
    const HostSettings *settings;
    Provider *provider;
    ImageStore *images;
    TemplateStore *templates;
    VolumeStore *volumes;
    Inventory *inventory;
    gint64 started_at; /* µs, monotonic */
} Host;
