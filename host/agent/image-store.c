/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image-store.h"

#include "common/error.h"
#include "host/agent/record.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define INTERRUPTED                                                                                \
    "The import was interrupted because the host's service ended. Import the image again."

typedef struct {
    ImageStore *store;
    Image *image;
    ImageImport *import; /* while it is under way */
} Entry;

struct ImageStore {
    char *folder;
    char *qemu_img;
    GHashTable *entries; /* name → Entry */
    const ImageStoreEvents *events;
    gpointer user;
};

static void
entry_free(gpointer data)
{
    Entry *entry = data;
    image_import_free(entry->import);
    image_free(entry->image);
    g_free(entry);
}

char *
image_store_folder(ImageStore *store, const char *name)
{
    return g_build_filename(store->folder, name, NULL);
}

static void
tell_changed(Entry *entry)
{
    if (entry->store->events != NULL)
        entry->store->events->changed(entry->image, entry->store->user);
}

static void
entry_save(Entry *entry)
{
    g_autofree char *folder = image_store_folder(entry->store, entry->image->name);
    g_autoptr(GError) error = NULL;
    if (!image_save(entry->image, folder, &error))
        g_warning("The image “%s” could not be recorded: %s", entry->image->name, error->message);
}

static void
remove_data(const char *folder)
{
    static const char *const names[] = {"disk.qcow2", "kernel", "initrd"};
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(folder, names[i], NULL);
        unlink(path);
    }
}

/* The image stays as a record of what went wrong; its data goes. */
static void
entry_fail(Entry *entry, const char *reason)
{
    g_autofree char *folder = image_store_folder(entry->store, entry->image->name);
    remove_data(folder);
    entry->image->state = IMAGE_FAILED;
    g_free(entry->image->reason);
    entry->image->reason = g_strdup(reason);
    g_warning("The image “%s” failed: %s", entry->image->name, reason);
    entry_save(entry);
}

static void
on_import_progress(guint percent, gpointer user)
{
    Entry *entry = user;
    entry->image->progress = percent;
    tell_changed(entry);
}

static void
on_import_done(const ImageImportResult *result, const GError *error, gpointer user)
{
    Entry *entry = user;
    g_clear_pointer(&entry->import, image_import_free);
    if (result == NULL) {
        entry_fail(entry, error->message);
    } else {
        entry->image->sha256 = g_strdup(result->sha256);
        entry->image->size_bytes = result->size_bytes;
        entry->image->virtual_size_bytes = result->virtual_size_bytes;
        entry->image->progress = 100;
        entry->image->state = IMAGE_READY;
        entry_save(entry);
        g_message("The image “%s” is ready.", entry->image->name);
    }
    tell_changed(entry);
}

static const ImageImportEvents import_events = {.progress = on_import_progress,
                                                .done = on_import_done};

static Entry *
add_entry(ImageStore *store, Image *image)
{
    Entry *entry = g_new0(Entry, 1);
    entry->store = store;
    entry->image = image;
    g_hash_table_replace(store->entries, image->name, entry);
    return entry;
}

static gboolean
has_disk(const char *folder)
{
    g_autofree char *disk = g_build_filename(folder, "disk.qcow2", NULL);
    return g_file_test(disk, G_FILE_TEST_EXISTS);
}

static void
take_up(ImageStore *store, const char *name)
{
    g_autofree char *folder = image_store_folder(store, name);
    if (!image_name_is_valid(name) || !g_file_test(folder, G_FILE_TEST_IS_DIR))
        return;
    Image *image = image_load(folder, name);
    if (image == NULL && has_disk(folder)) { /* desktops may stand on it */
        g_warning("The record in “%s” cannot be read; the folder is left as it is.", folder);
        return;
    }
    if (image == NULL) { /* we were ended before the first record was written */
        g_warning("The image folder “%s” has no record and is removed.", folder);
        record_remove_folder(folder, NULL);
        return;
    }
    Entry *entry = add_entry(store, image);
    if (image->state == IMAGE_IMPORTING)
        entry_fail(entry, INTERRUPTED);
}

ImageStore *
image_store_new(const char *folder, const char *qemu_img, GError **error)
{
    if (g_mkdir_with_parents(folder, 0700) != 0) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED, "The folder “%s” cannot be made: %s.",
                    folder, g_strerror(errno));
        return NULL;
    }
    ImageStore *store = g_new0(ImageStore, 1);
    store->folder = g_strdup(folder);
    store->qemu_img = g_strdup(qemu_img);
    store->entries = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, entry_free);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    for (const char *name; dir != NULL && (name = g_dir_read_name(dir)) != NULL;)
        take_up(store, name);
    return store;
}

void
image_store_free(ImageStore *store)
{
    if (store == NULL)
        return;
    g_hash_table_unref(store->entries);
    g_free(store->folder);
    g_free(store->qemu_img);
    g_free(store);
}

void
image_store_set_events(ImageStore *store, const ImageStoreEvents *events, gpointer user)
{
    store->events = events;
    store->user = user;
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return g_strcmp0(((const Image *)a)->name, ((const Image *)b)->name);
}

GList *
image_store_list(ImageStore *store)
{
    GList *list = NULL;
    GHashTableIter iter;
    gpointer entry;
    g_hash_table_iter_init(&iter, store->entries);
    while (g_hash_table_iter_next(&iter, NULL, &entry))
        list = g_list_prepend(list, ((Entry *)entry)->image);
    return g_list_sort(list, compare_names);
}

const Image *
image_store_find(ImageStore *store, const char *name, GError **error)
{
    Entry *entry = g_hash_table_lookup(store->entries, name);
    if (entry != NULL)
        return entry->image;
    g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_NOT_FOUND, "There is no image “%s” on this host.",
                name);
    return NULL;
}

const Image *
image_store_import(ImageStore *store, const char *name, const char *title, const char *cmdline,
                   const ImageSource *source, GError **error)
{
    Entry *old = g_hash_table_lookup(store->entries, name);
    g_autofree char *folder = image_store_folder(store, name);
    if (!image_name_is_valid(name)) {
        g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_INVALID,
                            "“name” begins with a letter or digit and holds letters, digits, “.”, "
                            "“_” and “-” only.");
        return NULL;
    }
    if (old != NULL && old->image->state != IMAGE_FAILED) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_EXISTS,
                    "There is an image “%s” on this host already.", name);
        return NULL;
    }
    if (old == NULL && has_disk(folder)) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_EXISTS,
                    "There is a disk of an image “%s” already, but its record cannot be read.",
                    name);
        return NULL;
    }
    if (!image_source_check(source, store->folder, error))
        return NULL;
    g_hash_table_remove(store->entries, name);
    if (!record_remove_folder(folder, error))
        return NULL;
    g_autoptr(Image) image = image_new(name);
    g_free(image->title);
    image->title = g_strdup(title);
    g_free(image->cmdline);
    image->cmdline = g_strdup(cmdline);
    image->direct_boot = source->kernel != NULL;
    image->created_at = g_get_real_time() / G_USEC_PER_SEC;
    g_mkdir(folder, 0700);
    if (!image_save(image, folder, error)) {
        record_remove_folder(folder, NULL);
        return NULL;
    }
    Entry *entry = add_entry(store, g_steal_pointer(&image));
    entry->import = image_import_new(source, folder, store->qemu_img, &import_events, entry);
    tell_changed(entry);
    return entry->image;
}

const Image *
image_store_cancel(ImageStore *store, const char *name, GError **error)
{
    Entry *entry = g_hash_table_lookup(store->entries, name);
    if (image_store_find(store, name, error) == NULL)
        return NULL;
    if (entry->import != NULL) {
        g_clear_pointer(&entry->import, image_import_free);
        entry_fail(entry, "The import was cancelled.");
        tell_changed(entry);
    }
    return entry->image;
}

gboolean
image_store_delete(ImageStore *store, const char *name, GError **error)
{
    Entry *entry = g_hash_table_lookup(store->entries, name);
    if (image_store_find(store, name, error) == NULL)
        return FALSE;
    g_autofree char *folder = image_store_folder(store, name);
    g_autofree char *kept_name = g_strdup(name);
    g_clear_pointer(&entry->import, image_import_free);
    if (!record_remove_folder(folder, error))
        return FALSE;
    g_hash_table_remove(store->entries, kept_name);
    if (store->events != NULL)
        store->events->deleted(kept_name, store->user);
    return TRUE;
}
