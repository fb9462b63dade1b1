/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "volume-store.h"

#include "common/error.h"
#include "host/agent/overlay-disk.h"
#include "host/agent/record.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define MIN_MIB 16
#define MAX_MIB (4 * 1024 * 1024)

struct VolumeStore {
    char *folder;
    GHashTable *volumes; /* id → Volume */
};

static void
volume_free(gpointer data)
{
    Volume *volume = data;
    g_free(volume->id);
    g_free(volume);
}

static char *
folder_of(VolumeStore *store, const char *id)
{
    return g_build_filename(store->folder, id, NULL);
}

char *
volume_store_disk(VolumeStore *store, const char *id)
{
    return g_build_filename(store->folder, id, "disk.qcow2", NULL);
}

char *
volume_serial(const char *id)
{
    return g_strdup_printf("oriel-%.13s", id);
}

static const Volume *
add(VolumeStore *store, const char *id, guint size_mib, gint64 created_at)
{
    Volume *volume = g_new0(Volume, 1);
    volume->id = g_strdup(id);
    volume->size_mib = size_mib;
    volume->created_at = created_at;
    g_hash_table_replace(store->volumes, volume->id, volume);
    return volume;
}

/* The disk is the volume; without its record it is still somebody's work. */
static void
take_up(VolumeStore *store, const char *id)
{
    g_autofree char *folder = folder_of(store, id);
    g_autofree char *disk = volume_store_disk(store, id);
    if (!g_uuid_string_is_valid(id))
        return;
    if (!g_file_test(disk, G_FILE_TEST_EXISTS)) {
        g_warning("The volume folder “%s” has no disk and is removed.", folder);
        record_remove_folder(folder, NULL);
        return;
    }
    json_t *json = record_load(folder, "volume.json");
    add(store, id, (guint)CLAMP(json_integer_value(json_object_get(json, "size_mib")), 0, MAX_MIB),
        record_time_from_json(json_object_get(json, "created_at")));
    json_decref(json);
}

VolumeStore *
volume_store_new(const char *state_dir, GError **error)
{
    g_autofree char *folder = g_build_filename(state_dir, "volumes", NULL);
    if (g_mkdir_with_parents(folder, 0700) != 0) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED, "The folder “%s” cannot be made: %s.",
                    folder, g_strerror(errno));
        return NULL;
    }
    VolumeStore *store = g_new0(VolumeStore, 1);
    store->folder = g_steal_pointer(&folder);
    store->volumes = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, volume_free);
    g_autoptr(GDir) dir = g_dir_open(store->folder, 0, NULL);
    for (const char *id; dir != NULL && (id = g_dir_read_name(dir)) != NULL;)
        take_up(store, id);
    return store;
}

void
volume_store_free(VolumeStore *store)
{
    if (store == NULL)
        return;
    g_hash_table_unref(store->volumes);
    g_free(store->folder);
    g_free(store);
}

static int
compare_age(gconstpointer a, gconstpointer b)
{
    const Volume *one = a, *other = b;
    if (one->created_at != other->created_at)
        return one->created_at < other->created_at ? -1 : 1;
    return strcmp(one->id, other->id);
}

GList *
volume_store_list(VolumeStore *store)
{
    return g_list_sort(g_hash_table_get_values(store->volumes), compare_age);
}

const Volume *
volume_store_find(VolumeStore *store, const char *id, GError **error)
{
    const Volume *volume = g_hash_table_lookup(store->volumes, id);
    if (volume == NULL)
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_NOT_FOUND,
                    "There is no volume “%s” on this host.", id);
    return volume;
}

const Volume *
volume_store_ensure(VolumeStore *store, const char *id, guint size_mib, GError **error)
{
    const Volume *there = g_hash_table_lookup(store->volumes, id);
    if (there != NULL)
        return there;
    if (!g_uuid_string_is_valid(id) || size_mib < MIN_MIB || size_mib > MAX_MIB) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID,
                    "A volume has a UUID and from %d to %d MiB.", MIN_MIB, MAX_MIB);
        return NULL;
    }
    g_autofree char *folder = folder_of(store, id);
    gint64 now = g_get_real_time() / G_USEC_PER_SEC;
    json_t *json = json_pack("{s:s, s:i, s:o}", "id", id, "size_mib", (int)size_mib, "created_at",
                             record_time_to_json(now));
    g_mkdir_with_parents(folder, 0700);
    /* The disk last: a folder without one is nothing yet. */
    if (!record_save(json, folder, "volume.json", error) ||
        !overlay_disk_make_empty((guint64)size_mib << 20, folder, error)) {
        record_remove_folder(folder, NULL);
        return NULL;
    }
    return add(store, id, size_mib, now);
}

gboolean
volume_store_delete(VolumeStore *store, const char *id, GError **error)
{
    if (g_hash_table_lookup(store->volumes, id) == NULL)
        return TRUE;
    g_autofree char *folder = folder_of(store, id);
    if (!record_remove_folder(folder, error))
        return FALSE;
    g_hash_table_remove(store->volumes, id);
    return TRUE;
}

json_t *
volume_store_to_json(VolumeStore *store, const Volume *volume, const char *desktop)
{
    g_autofree char *disk = volume_store_disk(store, volume->id);
    struct stat info;
    guint64 used = stat(disk, &info) == 0 ? (guint64)info.st_blocks * 512 : 0;
    json_t *json =
        json_pack("{s:s, s:i, s:I, s:s?}", "id", volume->id, "size_mib", (int)volume->size_mib,
                  "used_bytes", (json_int_t)used, "desktop", desktop);
    json_object_set_new(json, "created_at", record_time_to_json(volume->created_at));
    return json;
}
