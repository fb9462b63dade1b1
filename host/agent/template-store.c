/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "template-store.h"
#include "template-store-private.h"

#include "common/error.h"
#include "host/agent/desktop-record.h"
#include "host/agent/fault-point.h"
#include "host/agent/record.h"
#include "host/agent/resources.h"

#include <errno.h>
#include <string.h>

static void
entry_free(gpointer data)
{
    TemplateEntry *entry = data;
    template_maker_free(entry->maker);
    template_free(entry->record);
    g_free(entry->step_text);
    g_free(entry);
}

char *
template_entry_folder(const TemplateEntry *entry)
{
    return g_build_filename(entry->store->folder, entry->record->name, NULL);
}

char *
template_store_folder(TemplateStore *store, const char *name, const char *generation)
{
    return g_build_filename(store->folder, name, generation, NULL);
}

void
template_entry_tell(TemplateEntry *entry)
{
    if (entry->store->events != NULL && !entry->deleting)
        entry->store->events->changed(entry->record->name, entry->store->user);
}

void
template_entry_save(TemplateEntry *entry)
{
    g_autofree char *folder = template_entry_folder(entry);
    g_autoptr(GError) error = NULL;
    if (!template_save(entry->record, folder, &error))
        g_warning("The template “%s” could not be recorded: %s", entry->record->name,
                  error->message);
}

void
template_entry_set_state(TemplateEntry *entry, TemplateState state, const char *reason)
{
    entry->record->state = state;
    template_replace(&entry->record->reason, reason);
    template_entry_save(entry);
    template_entry_tell(entry);
}

void
template_entry_set_step(TemplateEntry *entry, guint progress, const char *text)
{
    entry->progress = progress;
    template_replace(&entry->step_text, text);
}

/* --- generations
 * --------------------------------------------------------------------------------------------- */

void
template_entry_remove_generation(TemplateEntry *entry, const char *generation)
{
    g_autofree char *folder = template_store_folder(entry->store, entry->record->name, generation);
    g_autoptr(GError) error = NULL;
    if (!record_remove_folder(folder, &error))
        g_warning("An old generation of the template “%s” could not be removed: %s",
                  entry->record->name, error->message);
}

/* Every folder that is neither the newest generation, nor being made, nor under a desktop. */
void
template_entry_collect(TemplateEntry *entry)
{
    TemplateStore *store = entry->store;
    g_autofree char *folder = template_entry_folder(entry);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    for (const char *name; dir != NULL && (name = g_dir_read_name(dir)) != NULL;) {
        if (!g_uuid_string_is_valid(name) || g_str_equal(name, entry->record->generation) ||
            g_str_equal(name, entry->record->making) ||
            store->users->count(entry->record->name, name, store->users_data) > 0)
            continue;
        template_entry_remove_generation(entry, name);
    }
}

void
template_store_collect(TemplateStore *store)
{
    GHashTableIter iter;
    gpointer entry;
    g_hash_table_iter_init(&iter, store->entries);
    while (store->users != NULL && g_hash_table_iter_next(&iter, NULL, &entry))
        template_entry_collect(entry);
}

/* --- the store
 * -----------------------------------------------------------------------------------------------
 */

static TemplateEntry *
add_entry(TemplateStore *store, Template *record)
{
    TemplateEntry *entry = g_new0(TemplateEntry, 1);
    entry->store = store;
    entry->record = record;
    entry->step_text = g_strdup("");
    g_hash_table_replace(store->entries, record->name, entry);
    return entry;
}

static void
take_up(TemplateStore *store, const char *name)
{
    g_autofree char *folder = g_build_filename(store->folder, name, NULL);
    if (!image_name_is_valid(name) || !g_file_test(folder, G_FILE_TEST_IS_DIR))
        return;
    Template *record = template_load(folder, name);
    if (record != NULL)
        add_entry(store, record);
    else
        store->unknown = g_list_prepend(store->unknown, g_strdup(name));
}

/* Folders without a record: half a deletion, or half a beginning. A desktop's disk may stand on
 * what is in one. */
static void
clear_unknown(TemplateStore *store)
{
    for (GList *at = store->unknown; at != NULL; at = at->next) {
        g_autofree char *folder = g_build_filename(store->folder, at->data, NULL);
        gboolean used = store->users->count(at->data, NULL, store->users_data) > 0;
        g_warning("The template folder “%s” has no record that can be read; it is %s.", folder,
                  used ? "left as it is" : "removed");
        if (!used)
            record_remove_folder(folder, NULL);
    }
    g_list_free_full(g_steal_pointer(&store->unknown), g_free);
}

TemplateStore *
template_store_new(const TemplateStorePlace *place, GError **error)
{
    g_autofree char *folder = g_build_filename(place->settings->state_dir, "templates", NULL);
    if (g_mkdir_with_parents(folder, 0700) != 0) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED, "The folder “%s” cannot be made: %s.",
                    folder, g_strerror(errno));
        return NULL;
    }
    TemplateStore *store = g_new0(TemplateStore, 1);
    store->place = *place;
    store->folder = g_steal_pointer(&folder);
    store->entries = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, entry_free);
    g_autoptr(GDir) dir = g_dir_open(store->folder, 0, NULL);
    for (const char *name; dir != NULL && (name = g_dir_read_name(dir)) != NULL;)
        take_up(store, name);
    return store;
}

void
template_store_free(TemplateStore *store)
{
    if (store == NULL)
        return;
    store->events = NULL;
    g_clear_handle_id(&store->idle, g_source_remove);
    g_clear_handle_id(&store->retry, g_source_remove);
    g_hash_table_unref(store->entries);
    g_list_free_full(store->unknown, g_free);
    g_free(store->folder);
    g_free(store);
}

/* NULL, or why the newest generation cannot be cloned; FALSE-like for one that is fine. */
static char *
find_fault(TemplateEntry *entry)
{
    TemplateStore *store = entry->store;
    const Template *record = entry->record;
    g_autoptr(GError) error = NULL;
    const Image *image = image_store_find(store->place.images, record->image, NULL);
    g_autofree char *folder = template_store_folder(store, record->name, record->generation);
    char *misfit = template_misfit(record, store->place.provider->ops->facts(store->place.provider),
                                   image != NULL ? image->sha256 : NULL);
    if (misfit != NULL || template_verify(record, folder, &error))
        return misfit;
    return g_strdup(error->message);
}

static void
take_up_entry(TemplateEntry *entry)
{
    TemplateState state = entry->record->state;
    if (entry->record->making[0] != '\0')
        template_entry_clear(entry);
    if (state == TEMPLATE_READY) {
        g_autofree char *fault = find_fault(entry);
        if (fault != NULL)
            template_entry_want(entry, fault);
    } else if (state != TEMPLATE_FAILED) {
        entry->waiting = TRUE;
    }
}

void
template_store_begin(TemplateStore *store, const TemplateStoreUsers *users, gpointer user)
{
    GHashTableIter iter;
    gpointer entry;
    store->users = users;
    store->users_data = user;
    g_hash_table_iter_init(&iter, store->entries);
    while (g_hash_table_iter_next(&iter, NULL, &entry))
        take_up_entry(entry);
    clear_unknown(store);
    template_store_collect(store);
    template_store_schedule(store);
}

void
template_store_set_events(TemplateStore *store, const TemplateStoreEvents *events, gpointer user)
{
    store->events = events;
    store->user = user;
}

static int
compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(((const Template *)a)->name, ((const Template *)b)->name);
}

GList *
template_store_list(TemplateStore *store)
{
    GList *list = NULL;
    GHashTableIter iter;
    gpointer entry;
    g_hash_table_iter_init(&iter, store->entries);
    while (g_hash_table_iter_next(&iter, NULL, &entry))
        if (!((TemplateEntry *)entry)->deleting)
            list = g_list_prepend(list, ((TemplateEntry *)entry)->record);
    return g_list_sort(list, compare_names);
}

guint
template_store_count(TemplateStore *store)
{
    return g_hash_table_size(store->entries);
}

static TemplateEntry *
find_entry(TemplateStore *store, const char *name, GError **error)
{
    TemplateEntry *entry = g_hash_table_lookup(store->entries, name);
    if (entry != NULL && !entry->deleting)
        return entry;
    g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_NOT_FOUND,
                "There is no template “%s” on this host.", name);
    return NULL;
}

const Template *
template_store_find(TemplateStore *store, const char *name, GError **error)
{
    TemplateEntry *entry = find_entry(store, name, error);
    return entry != NULL ? entry->record : NULL;
}

json_t *
template_store_to_json(TemplateStore *store, const Template *template_)
{
    const TemplateEntry *entry = g_hash_table_lookup(store->entries, template_->name);
    gboolean making = template_->state == TEMPLATE_MAKING;
    json_t *json = template_to_json(template_);
    json_object_set_new(json, "progress",
                        json_integer(making                               ? entry->progress
                                     : template_->state == TEMPLATE_READY ? 100
                                                                          : 0));
    json_object_set_new(json, "step_text", json_string(making ? entry->step_text : ""));
    json_object_set_new(
        json, "desktops",
        json_integer(store->users != NULL
                         ? store->users->count(template_->name, NULL, store->users_data)
                         : 0));
    return json;
}

guint
template_store_count_on_image(TemplateStore *store, const char *image)
{
    guint count = 0;
    GHashTableIter iter;
    gpointer entry;
    g_hash_table_iter_init(&iter, store->entries);
    while (g_hash_table_iter_next(&iter, NULL, &entry))
        count += g_str_equal(((TemplateEntry *)entry)->record->image, image);
    return count;
}

guint64
template_store_promised_mib(TemplateStore *store)
{
    guint64 promised = 0;
    GHashTableIter iter;
    gpointer entry;
    g_hash_table_iter_init(&iter, store->entries);
    while (g_hash_table_iter_next(&iter, NULL, &entry))
        if (((TemplateEntry *)entry)->maker != NULL)
            promised += ((TemplateEntry *)entry)->record->memory_mib + RESOURCES_OVERHEAD_MIB;
    return promised;
}

/* The one that is there, when it is what is wanted. */
static const Template *
make_again(TemplateEntry *entry, const Template *wanted, GError **error)
{
    Template *record = entry->record;
    if (entry->deleting || !g_str_equal(record->image, wanted->image) ||
        !template_has_shape(record, wanted->cpus, wanted->memory_mib, wanted->width,
                            wanted->height)) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_EXISTS,
                    "There is another template “%s” on this host already; delete it first.",
                    record->name);
        return NULL;
    }
    if (record->state == TEMPLATE_FAILED)
        template_entry_want(entry, NULL);
    return record;
}

const Template *
template_store_make(TemplateStore *store, const Template *wanted, GError **error)
{
    TemplateEntry *there = g_hash_table_lookup(store->entries, wanted->name);
    if (!image_name_is_valid(wanted->name)) {
        g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_INVALID,
                            "“name” begins with a letter or digit and holds letters, digits, “.”, "
                            "“_” and “-” only.");
        return NULL;
    }
    if (there != NULL)
        return make_again(there, wanted, error);
    if (!machine_shape_check(wanted->cpus, wanted->memory_mib, wanted->width, wanted->height,
                             error) ||
        template_store_ready_image(store, wanted->image, error) == NULL)
        return NULL;
    g_autoptr(Template) record = template_new();
    template_replace(&record->name, wanted->name);
    template_replace(&record->image, wanted->image);
    record->cpus = wanted->cpus;
    record->memory_mib = wanted->memory_mib;
    record->width = wanted->width;
    record->height = wanted->height;
    record->created_at = g_get_real_time() / G_USEC_PER_SEC;
    g_autofree char *folder = g_build_filename(store->folder, wanted->name, NULL);
    g_mkdir_with_parents(folder, 0700);
    if (!template_save(record, folder, error)) {
        record_remove_folder(folder, NULL);
        return NULL;
    }
    fault_point("template-accepted");
    TemplateEntry *entry = add_entry(store, g_steal_pointer(&record));
    template_entry_want(entry, NULL);
    return entry->record;
}

const Template *
template_store_cancel(TemplateStore *store, const char *name, GError **error)
{
    TemplateEntry *entry = find_entry(store, name, error);
    if (entry == NULL)
        return NULL;
    template_entry_cancel(entry);
    return entry->record;
}

gboolean
template_store_delete(TemplateStore *store, const char *name, GError **error)
{
    TemplateEntry *entry = find_entry(store, name, NULL);
    if (entry == NULL)
        return TRUE;
    guint count = store->users->count(name, NULL, store->users_data);
    if (count > 0) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_REFUSED,
                    "The template “%s” is in use (desktops that stand on it: %u); delete them "
                    "first.",
                    name, count);
        return FALSE;
    }
    entry->waiting = FALSE;
    if (entry->maker == NULL) {
        template_entry_finish_delete(entry);
        return TRUE;
    }
    entry->deleting = TRUE;
    template_maker_cancel(entry->maker);
    return TRUE;
}

char *
template_store_open(TemplateStore *store, const char *name, const char *generation, GError **error)
{
    TemplateEntry *entry = find_entry(store, name, error);
    if (entry == NULL)
        return NULL;
    const Template *record = entry->record;
    if (record->state != TEMPLATE_READY || !g_str_equal(record->generation, generation)) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_UNAVAILABLE,
                    "The template “%s” is not ready%s%s", name, record->reason != NULL ? ": " : ".",
                    record->reason != NULL ? record->reason : "");
        return NULL;
    }
    g_autofree char *fault = find_fault(entry);
    if (fault == NULL)
        return template_store_folder(store, name, generation);
    g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_UNAVAILABLE, "The template “%s” cannot be used: %s",
                name, fault);
    template_entry_want(entry, fault);
    return NULL;
}

void
template_store_suspect(TemplateStore *store, const char *name, const char *generation,
                       const char *reason)
{
    TemplateEntry *entry = find_entry(store, name, NULL);
    if (entry != NULL && entry->record->state == TEMPLATE_READY &&
        g_str_equal(entry->record->generation, generation))
        template_entry_want(entry, reason);
}
