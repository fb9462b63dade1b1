/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <jansson.h>

/* How many one desktop may have. */
#define MAX_VOLUMES 4

/* A disk that outlives desktops: STATE/volumes/UUID/ with disk.qcow2 and volume.json. */
typedef struct {
    char *id;
    guint size_mib;
    gint64 created_at; /* Unix time, s */
} Volume;

/* The volumes of this host. Main-context object. */
typedef struct VolumeStore VolumeStore;

VolumeStore *volume_store_new(const char *state_dir, GError **error);
void volume_store_free(VolumeStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VolumeStore, volume_store_free)

/* Borrowed Volumes, by age; the caller frees the list alone. */
GList *volume_store_list(VolumeStore *store);
/* Borrowed; ORIEL_ERROR_NOT_FOUND. */
const Volume *volume_store_find(VolumeStore *store, const char *id, GError **error);
/* The one of this id, made empty where there is none (then size_mib counts). ORIEL_ERROR_INVALID,
 * _NO_SPACE, _FAILED. */
const Volume *volume_store_ensure(VolumeStore *store, const char *id, guint size_mib,
                                  GError **error);
/* The caller has seen to it that no desktop has it. One that is not there is fine. */
gboolean volume_store_delete(VolumeStore *store, const char *id, GError **error);
/* Its disk. */
char *volume_store_disk(VolumeStore *store, const char *id);
/* The serial number that the guest sees; at most 20 bytes. */
char *volume_serial(const char *id);
/* desktop: the id of the one that has it, or NULL. */
json_t *volume_store_to_json(VolumeStore *store, const Volume *volume, const char *desktop);
