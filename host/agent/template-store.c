/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "template-store.h"

#include "common/error.h"
#include "host/agent/desktop-record.h"
#include "host/agent/fault-point.h"
#include "host/agent/record.h"
#include "host/agent/resources.h"
#include "host/agent/template-maker.h"

#include <errno.h>
#include <string.h>

/* How often a template that must wait (no memory for its machine) tries again. */
#define RETRY_S 30

typedef struct {
    TemplateStore *store;
    Template *record;
    TemplateMaker *maker; /* while it is made, or cleared */
    guint progress;
    char *step_text;
    gboolean clearing; /* the maker ends what an earlier host began */
    gboolean deleting; /* it goes when the maker has ended */
    gboolean waiting;  /* to be made when it is its turn */
} Entry;

struct TemplateStore {
    TemplateStorePlace place;
    char *folder;
    GHashTable *entries; /* name → Entry */
    GList *unknown;      /* names of folders without a record, until there are users to ask */
    guint idle, retry;
    const TemplateStoreUsers *users;
    gpointer users_data;
    const TemplateStoreEvents *events;
    gpointer user;
};

static void schedule(TemplateStore *store);

static void
entry_free(gpointer data)
{
    Entry *entry = data;
    template_maker_free(entry->maker);
    template_free(entry->record);
    g_free(entry->step_text);
    g_free(entry);
}

static char *
entry_folder(const Entry *entry)
{
    return g_build_filename(entry->store->folder, entry->record->name, NULL);
}

char *
template_store_folder(TemplateStore *store, const char *name, const char *generation)
{
    return g_build_filename(store->folder, name, generation, NULL);
}

static void
replace(char **value, const char *with)
{
    char *copy = g_strdup(with);
    g_free(*value);
    *value = copy;
}

static void
tell(Entry *entry)
{
    if (entry->store->events != NULL && !entry->deleting)
        entry->store->events->changed(entry->record->name, entry->store->user);
}

static void
save(Entry *entry)
{
    g_autofree char *folder = entry_folder(entry);
    g_autoptr(GError) error = NULL;
    if (!template_save(entry->record, folder, &error))
        g_warning("The template “%s” could not be recorded: %s", entry->record->name,
                  error->message);
}

static void
set_state(Entry *entry, TemplateState state, const char *reason)
{
    entry->record->state = state;
    replace(&entry->record->reason, reason);
    save(entry);
    tell(entry);
}

static void
set_step(Entry *entry, guint progress, const char *text)
{
    entry->progress = progress;
    replace(&entry->step_text, text);
}

/* --- generations
 * --------------------------------------------------------------------------------------------- */

static void
remove_generation(Entry *entry, const char *generation)
{
    g_autofree char *folder = template_store_folder(entry->store, entry->record->name, generation);
    g_autoptr(GError) error = NULL;
    if (!record_remove_folder(folder, &error))
        g_warning("An old generation of the template “%s” could not be removed: %s",
                  entry->record->name, error->message);
}

/* Every folder that is neither the newest generation, nor being made, nor under a desktop. */
static void
collect(Entry *entry)
{
    TemplateStore *store = entry->store;
    g_autofree char *folder = entry_folder(entry);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    for (const char *name; dir != NULL && (name = g_dir_read_name(dir)) != NULL;) {
        if (!g_uuid_string_is_valid(name) || g_str_equal(name, entry->record->generation) ||
            g_str_equal(name, entry->record->making) ||
            store->users->count(entry->record->name, name, store->users_data) > 0)
            continue;
        remove_generation(entry, name);
    }
}

void
template_store_collect(TemplateStore *store)
{
    GHashTableIter iter;
    gpointer entry;
    g_hash_table_iter_init(&iter, store->entries);
    while (store->users != NULL && g_hash_table_iter_next(&iter, NULL, &entry))
        collect(entry);
}

/* --- making
 * --------------------------------------------------------------------------------------------------
 */

static void
finish_delete(Entry *entry)
{
    TemplateStore *store = entry->store;
    g_autofree char *folder = entry_folder(entry);
    g_autofree char *name = g_strdup(entry->record->name);
    g_autoptr(GError) error = NULL;
    if (!record_remove_folder(folder, &error))
        g_warning("The template “%s” is deleted, but not all of it could be removed: %s", name,
                  error->message);
    g_hash_table_remove(store->entries, name);
    if (store->events != NULL)
        store->events->deleted(name, store->user);
}

static void
on_progress(guint percent, const char *step_text, gpointer user)
{
    Entry *entry = user;
    if (!entry->clearing)
        set_step(entry, MAX(percent, entry->progress), step_text);
    tell(entry);
}

/* The files are there: from this record on they are the template. */
static gboolean
publish(Entry *entry, GError **error)
{
    Template *record = entry->record;
    g_autofree char *folder = template_store_folder(entry->store, record->name, record->making);
    if (!template_measure(record, folder, error))
        return FALSE;
    fault_point("template-frozen");
    replace(&record->generation, record->making);
    replace(&record->making, "");
    record->made_at = g_get_real_time() / G_USEC_PER_SEC;
    g_message("The template “%s” is ready.", record->name);
    set_state(entry, TEMPLATE_READY, NULL);
    fault_point("template-published");
    collect(entry);
    return TRUE;
}

static void
forget_making(Entry *entry)
{
    g_autofree char *making = g_steal_pointer(&entry->record->making);
    entry->record->making = g_strdup("");
    if (making[0] != '\0')
        remove_generation(entry, making);
}

static void
on_done(const GError *made_error, gpointer user)
{
    Entry *entry = user;
    gboolean clearing = entry->clearing;
    g_autoptr(GError) error = made_error != NULL ? g_error_copy(made_error) : NULL;
    g_clear_pointer(&entry->maker, template_maker_free);
    entry->clearing = FALSE;
    schedule(entry->store);
    if (entry->deleting) {
        finish_delete(entry);
    } else if (clearing) {
        forget_making(entry);
        save(entry);
    } else if (error != NULL || !publish(entry, &error)) {
        g_warning("The template “%s” could not be made: %s", entry->record->name, error->message);
        forget_making(entry);
        set_state(entry, TEMPLATE_FAILED, error->message);
    }
}

static const TemplateMakerEvents maker_events = {.progress = on_progress, .done = on_done};

static void
fill_place(Entry *entry, TemplateMakerPlace *place, char **folder, char **image_dir)
{
    TemplateStore *store = entry->store;
    const Template *record = entry->record;
    const Image *image = image_store_find(store->place.images, record->image, NULL);
    *folder = template_store_folder(store, record->name, record->making);
    *image_dir = image_store_folder(store->place.images, record->image);
    *place = (TemplateMakerPlace){.settings = store->place.settings,
                                  .provider = store->place.provider,
                                  .generation = record->making,
                                  .name = record->name,
                                  .folder = *folder,
                                  .image_dir = *image_dir,
                                  .cmdline = image != NULL ? image->cmdline : "",
                                  .cpus = record->cpus,
                                  .memory_mib = record->memory_mib,
                                  .width = record->width,
                                  .height = record->height};
}

static const Image *
ready_image(TemplateStore *store, const char *name, GError **error)
{
    const Image *image = image_store_find(store->place.images, name, error);
    if (image == NULL || image->state == IMAGE_READY)
        return image;
    g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_REFUSED, "The image “%s” is not ready.", name);
    return NULL;
}

/* Its turn has come. */
static void
begin_making(Entry *entry)
{
    TemplateStore *store = entry->store;
    Template *record = entry->record;
    g_autofree char *folder = NULL, *image_dir = NULL;
    g_autoptr(GError) error = NULL;
    TemplateMakerPlace place;
    const Image *image = ready_image(store, record->image, &error);
    if (image == NULL || !store->users->admit(record->memory_mib, &error, store->users_data)) {
        set_state(entry, record->generation[0] != '\0' ? TEMPLATE_STALE : TEMPLATE_FAILED,
                  error->message);
        entry->waiting = record->state == TEMPLATE_STALE;
        return;
    }
    entry->waiting = FALSE;
    g_free(record->making);
    record->making = g_uuid_string_random();
    template_set_origin(record, store->place.provider->ops->facts(store->place.provider),
                        image->sha256);
    set_step(entry, 0, "Starting");
    set_state(entry, TEMPLATE_MAKING, record->reason);
    fault_point("template-recorded");
    fill_place(entry, &place, &folder, &image_dir);
    g_mkdir_with_parents(folder, 0700);
    entry->maker = template_maker_new(&place, &maker_events, entry);
}

/* What an earlier host was at: its machine may run still. */
static void
begin_clearing(Entry *entry)
{
    g_autofree char *folder = NULL, *image_dir = NULL;
    TemplateMakerPlace place;
    fill_place(entry, &place, &folder, &image_dir);
    entry->clearing = TRUE;
    entry->maker = template_maker_clear(&place, &maker_events, entry);
}

static void
want_making(Entry *entry, const char *reason)
{
    if (entry->maker != NULL || entry->waiting)
        return;
    entry->waiting = TRUE;
    set_step(entry, 0, "Waiting for another template to be made");
    set_state(entry, TEMPLATE_MAKING, reason);
    schedule(entry->store);
}

static gboolean on_retry(gpointer user);

static gboolean
on_schedule(gpointer user)
{
    TemplateStore *store = user;
    GHashTableIter iter;
    gpointer value;
    Entry *next = NULL;
    gboolean left = FALSE;
    store->idle = 0;
    g_hash_table_iter_init(&iter, store->entries);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        Entry *entry = value;
        if (entry->maker != NULL && !entry->clearing)
            return G_SOURCE_REMOVE;
        if (entry->waiting && entry->maker == NULL &&
            (next == NULL || entry->record->created_at < next->record->created_at))
            next = entry;
    }
    if (next != NULL) {
        begin_making(next);
        left = next->waiting;
    }
    if (left && store->retry == 0)
        store->retry = g_timeout_add_seconds(RETRY_S, on_retry, store);
    return G_SOURCE_REMOVE;
}

static gboolean
on_retry(gpointer user)
{
    ((TemplateStore *)user)->retry = 0;
    schedule(user);
    return G_SOURCE_REMOVE;
}

/* The next making, when none is under way. */
static void
schedule(TemplateStore *store)
{
    if (store->idle == 0 && store->users != NULL)
        store->idle = g_idle_add(on_schedule, store);
}

/* --- the store
 * -----------------------------------------------------------------------------------------------
 */

static Entry *
add_entry(TemplateStore *store, Template *record)
{
    Entry *entry = g_new0(Entry, 1);
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
find_fault(Entry *entry)
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
take_up_entry(Entry *entry)
{
    TemplateState state = entry->record->state;
    if (entry->record->making[0] != '\0')
        begin_clearing(entry);
    if (state == TEMPLATE_READY) {
        g_autofree char *fault = find_fault(entry);
        if (fault != NULL)
            want_making(entry, fault);
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
    schedule(store);
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
        if (!((Entry *)entry)->deleting)
            list = g_list_prepend(list, ((Entry *)entry)->record);
    return g_list_sort(list, compare_names);
}

guint
template_store_count(TemplateStore *store)
{
    return g_hash_table_size(store->entries);
}

static Entry *
find_entry(TemplateStore *store, const char *name, GError **error)
{
    Entry *entry = g_hash_table_lookup(store->entries, name);
    if (entry != NULL && !entry->deleting)
        return entry;
    g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_NOT_FOUND,
                "There is no template “%s” on this host.", name);
    return NULL;
}

const Template *
template_store_find(TemplateStore *store, const char *name, GError **error)
{
    Entry *entry = find_entry(store, name, error);
    return entry != NULL ? entry->record : NULL;
}

json_t *
template_store_to_json(TemplateStore *store, const Template *template_)
{
    const Entry *entry = g_hash_table_lookup(store->entries, template_->name);
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
        count += g_str_equal(((Entry *)entry)->record->image, image);
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
        if (((Entry *)entry)->maker != NULL)
            promised += ((Entry *)entry)->record->memory_mib + RESOURCES_OVERHEAD_MIB;
    return promised;
}

/* The one that is there, when it is what is wanted. */
static const Template *
make_again(Entry *entry, const Template *wanted, GError **error)
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
        want_making(entry, NULL);
    return record;
}

const Template *
template_store_make(TemplateStore *store, const Template *wanted, GError **error)
{
    Entry *there = g_hash_table_lookup(store->entries, wanted->name);
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
        ready_image(store, wanted->image, error) == NULL)
        return NULL;
    g_autoptr(Template) record = template_new();
    replace(&record->name, wanted->name);
    replace(&record->image, wanted->image);
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
    Entry *entry = add_entry(store, g_steal_pointer(&record));
    want_making(entry, NULL);
    return entry->record;
}

gboolean
template_store_delete(TemplateStore *store, const char *name, GError **error)
{
    Entry *entry = find_entry(store, name, NULL);
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
        finish_delete(entry);
        return TRUE;
    }
    entry->deleting = TRUE;
    template_maker_cancel(entry->maker);
    return TRUE;
}

char *
template_store_open(TemplateStore *store, const char *name, const char *generation, GError **error)
{
    Entry *entry = find_entry(store, name, error);
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
    want_making(entry, fault);
    return NULL;
}

void
template_store_suspect(TemplateStore *store, const char *name, const char *generation,
                       const char *reason)
{
    Entry *entry = find_entry(store, name, NULL);
    if (entry != NULL && entry->record->state == TEMPLATE_READY &&
        g_str_equal(entry->record->generation, generation))
        want_making(entry, reason);
}
