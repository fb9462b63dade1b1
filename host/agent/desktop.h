/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "host/agent/desktop-record.h"
#include "host/agent/display-process.h"
#include "host/agent/memory-use.h"
#include "host/agent/settings.h"
#include "host/agent/template-store.h"
#include "host/agent/volume-store.h"

/*
 * One desktop's life, as a state machine:
 *
 *     starting (disk → machine → boot → desktop) → ready → stopping → stopped
 *         │                  │                       │ └→ suspending → suspended → starting
 *         └──────────────────┴───────────────────────┴──→ failed (reason)
 *
 * A clone that does not come up, and one that cannot be resumed, boots cold instead, with a note.
 * Each change is on the disk before it is told. Main-context object.
 */
typedef struct Desktop Desktop;

typedef struct {
    /* Something that desktop_to_json() tells is different. */
    void (*changed)(Desktop *desktop, gpointer user);
    /* It was deleted, and nothing of it is left. The desktop may be freed here. */
    void (*deleted)(Desktop *desktop, gpointer user);
} DesktopEvents;

typedef struct {
    const HostSettings *settings;
    Provider *provider;
    TemplateStore *templates;
    VolumeStore *volumes;
    char *image_dir; /* taken over */
    char *cmdline;   /* taken over */
} DesktopPlace;

/* Takes over record. Its folders exist from here on; nothing runs yet. */
Desktop *desktop_new(DesktopRecord *record, DesktopPlace *place, const DesktopEvents *events,
                     gpointer user, GError **error);
/* What runs goes on running. */
void desktop_free(Desktop *desktop);

/* After our own restart: takes up what runs, completes what was half done. */
void desktop_recover(Desktop *desktop);

/* The first start of a new one, whose record says that it is starting. */
void desktop_begin(Desktop *desktop);
/* Starts one that is stopped, failed or suspended. ORIEL_ERROR_REFUSED while it is stopping. */
gboolean desktop_start(Desktop *desktop, GError **error);
void desktop_stop(Desktop *desktop, gboolean force);
/* One that is ready. ORIEL_ERROR_REFUSED in another state. */
gboolean desktop_suspend(Desktop *desktop, GError **error);
/* deleted() follows. */
void desktop_delete(Desktop *desktop);
/* protocol: "vnc" or "spice". See display_process_open(). */
void desktop_open(Desktop *desktop, const char *protocol, DisplayOpened opened, gpointer user);
void desktop_stats(Desktop *desktop, DisplayStats done, gpointer user);

const DesktopRecord *desktop_record(const Desktop *desktop);
/* What its machine and its display take. */
void desktop_memory(Desktop *desktop, MemoryUse *use);
/* Memory that it was promised now, MiB; 0 while it is stopped. */
guint desktop_promised_mib(const Desktop *desktop);
json_t *desktop_to_json(Desktop *desktop);
