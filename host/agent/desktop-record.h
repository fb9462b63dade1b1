/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "host/agent/provider.h"

#include <jansson.h>

typedef enum {
    DESKTOP_STARTING,
    DESKTOP_READY,
    DESKTOP_STOPPING,
    DESKTOP_STOPPED,
    DESKTOP_FAILED
} DesktopState;

/* What a desktop is and where it stands: all of it that outlives this process, in
 * STATE/desktops/UUID/desktop.json. */
typedef struct {
    char *id, *name, *image;
    guint cpus, memory_mib, width, height;
    DesktopState state;
    DesktopStep step;
    char *reason;                  /* a sentence, or NULL */
    char *accelerator;             /* of its last start; "" before */
    gint64 created_at, started_at; /* Unix time, s; 0: never */
    gboolean deleting;             /* it is to go, whatever happens */
} DesktopRecord;

DesktopRecord *desktop_record_new(void);
void desktop_record_free(DesktopRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DesktopRecord, desktop_record_free)

/* As the host's API tells it, without what only the running desktop knows. */
json_t *desktop_record_to_json(const DesktopRecord *record);

gboolean desktop_record_save(const DesktopRecord *record, const char *folder, GError **error);
/* NULL when there is none, or it is not this desktop's, or holds what cannot be. */
DesktopRecord *desktop_record_load(const char *folder, const char *id);

/* Bounds of what a desktop may ask for: ORIEL_ERROR_INVALID names the field. */
gboolean desktop_record_check(const DesktopRecord *record, GError **error);
