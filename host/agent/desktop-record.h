/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "host/agent/provider.h"

#include <jansson.h>

typedef enum {
    DESKTOP_STARTING,
    DESKTOP_READY,
    DESKTOP_SUSPENDING,
    DESKTOP_SUSPENDED,
    DESKTOP_STOPPING,
    DESKTOP_STOPPED,
    DESKTOP_FAILED
} DesktopState;

/* How many notes a desktop keeps: the newest. */
#define DESKTOP_MAX_NOTES 8

/* What a desktop is and where it stands: all of it that outlives this process, in
 * STATE/desktops/UUID/desktop.json. */
typedef struct {
    char *id, *name, *image;
    char *vnc;           /* HOST:PORT of one that runs elsewhere, and has no image; else "" */
    char *vnc_password;  /* of a new one, until it is kept in a file; or NULL */
    char *template_name; /* that it was asked to be a clone of; "" for none */
    char *generation;    /* of that template, which its disk stands on; "" for none */
    guint cpus, memory_mib, width, height;
    MachineLimits limits;
    char **volumes; /* ids; ends with NULL */
    DesktopState state;
    DesktopStep step;
    MachineOrigin origin;          /* of its last start */
    gboolean returns_memory;       /* its guest booted with a device for that; a clone's did not */
    gboolean settled;              /* it was ready once: its disk is somebody's */
    char *reason;                  /* a sentence, or NULL */
    char *accelerator;             /* of its last start; "" before */
    char *saved_with;              /* the provider's version that suspended it; "" before */
    json_t *notes;                 /* an array of {at, text} */
    gint64 created_at, started_at; /* Unix time, s; 0: never */
    gboolean deleting;             /* it is to go, whatever happens */
} DesktopRecord;

DesktopRecord *desktop_record_new(void);
void desktop_record_free(DesktopRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DesktopRecord, desktop_record_free)

const char *desktop_state_word(DesktopState state);

/* As the host's API tells it, without what only the running desktop knows. */
json_t *desktop_record_to_json(const DesktopRecord *record);

/* Keeps a sentence for the people who ask why. */
void desktop_record_note(DesktopRecord *record, const char *text);

gboolean desktop_record_save(const DesktopRecord *record, const char *folder, GError **error);
/* NULL when there is none, or it is not this desktop's, or holds what cannot be. */
DesktopRecord *desktop_record_load(const char *folder, const char *id);

/* Bounds of what a desktop may ask for: ORIEL_ERROR_INVALID names the field. */
gboolean desktop_record_check(const DesktopRecord *record, GError **error);
/* The same for a machine's shape alone, and for limits. */
gboolean machine_shape_check(guint cpus, guint memory_mib, guint width, guint height,
                             GError **error);
gboolean machine_limits_check(const MachineLimits *limits, GError **error);
/* Holds a machine's process (id: its desktop's) to what QEMU itself cannot hold it to, or lets it
 * give way to others where the system has no means for that; and when the memory runs out. */
void machine_limits_hold(const MachineLimits *limits, const char *id, pid_t pid);
/* When that process is gone. */
void machine_limits_release(const char *id);
/* The names of those that this host can hold a desktop to. */
json_t *machine_limits_held(void);
json_t *machine_limits_to_json(const MachineLimits *limits);
/* From a JSON object or NULL: no limits. ORIEL_ERROR_INVALID names the field. */
gboolean machine_limits_from_json(MachineLimits *limits, const json_t *json, GError **error);
