/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "template-store-private.h"

#include "common/error.h"
#include "host/agent/fault-point.h"
#include "host/agent/record.h"

/* How often a template that must wait (no memory for its machine) tries again. */
#define RETRY_S 30

#define CANCELLED "The making was cancelled."

void
template_entry_finish_delete(TemplateEntry *entry)
{
    TemplateStore *store = entry->store;
    g_autofree char *folder = template_entry_folder(entry);
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
    TemplateEntry *entry = user;
    if (!entry->clearing)
        template_entry_set_step(entry, MAX(percent, entry->progress), step_text);
    template_entry_tell(entry);
}

/* The files are there: from this record on they are the template. */
static gboolean
publish(TemplateEntry *entry, GError **error)
{
    Template *record = entry->record;
    g_autofree char *folder = template_store_folder(entry->store, record->name, record->making);
    if (!template_measure(record, folder, error))
        return FALSE;
    fault_point("template-frozen");
    template_replace(&record->generation, record->making);
    template_replace(&record->making, "");
    record->made_at = g_get_real_time() / G_USEC_PER_SEC;
    g_message("The template “%s” is ready.", record->name);
    template_entry_set_state(entry, TEMPLATE_READY, NULL);
    fault_point("template-published");
    template_entry_collect(entry);
    return TRUE;
}

static void
forget_making(TemplateEntry *entry)
{
    g_autofree char *making = g_steal_pointer(&entry->record->making);
    entry->record->making = g_strdup("");
    if (making[0] != '\0')
        template_entry_remove_generation(entry, making);
}

static void
on_done(const GError *made_error, gpointer user)
{
    TemplateEntry *entry = user;
    gboolean clearing = entry->clearing, cancelled = entry->cancelled;
    g_autoptr(GError) error = made_error != NULL ? g_error_copy(made_error) : NULL;
    g_clear_pointer(&entry->maker, template_maker_free);
    entry->clearing = entry->cancelled = FALSE;
    template_store_schedule(entry->store);
    if (entry->deleting) {
        template_entry_finish_delete(entry);
    } else if (cancelled) {
        forget_making(entry);
        template_entry_set_state(entry, TEMPLATE_FAILED, CANCELLED);
    } else if (clearing) {
        forget_making(entry);
        template_entry_save(entry);
    } else if (error != NULL || !publish(entry, &error)) {
        g_warning("The template “%s” could not be made: %s", entry->record->name, error->message);
        forget_making(entry);
        template_entry_set_state(entry, TEMPLATE_FAILED, error->message);
    }
}

static const TemplateMakerEvents maker_events = {.progress = on_progress, .done = on_done};

static void
fill_place(TemplateEntry *entry, TemplateMakerPlace *place, char **folder, char **image_dir)
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

const Image *
template_store_ready_image(TemplateStore *store, const char *name, GError **error)
{
    const Image *image = image_store_find(store->place.images, name, error);
    if (image == NULL || image->state == IMAGE_READY)
        return image;
    g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_REFUSED, "The image “%s” is not ready.", name);
    return NULL;
}

/* Its turn has come. */
static void
begin_making(TemplateEntry *entry)
{
    TemplateStore *store = entry->store;
    Template *record = entry->record;
    g_autofree char *folder = NULL, *image_dir = NULL;
    g_autoptr(GError) error = NULL;
    TemplateMakerPlace place;
    const Image *image = template_store_ready_image(store, record->image, &error);
    if (image == NULL || !store->users->admit(record->memory_mib, &error, store->users_data)) {
        template_entry_set_state(entry,
                                 record->generation[0] != '\0' ? TEMPLATE_STALE : TEMPLATE_FAILED,
                                 error->message);
        entry->waiting = record->state == TEMPLATE_STALE;
        return;
    }
    entry->waiting = FALSE;
    g_free(record->making);
    record->making = g_uuid_string_random();
    template_set_origin(record, store->place.provider->ops->facts(store->place.provider),
                        image->sha256);
    template_entry_set_step(entry, 0, "Starting");
    template_entry_set_state(entry, TEMPLATE_MAKING, record->reason);
    fault_point("template-recorded");
    fill_place(entry, &place, &folder, &image_dir);
    g_mkdir_with_parents(folder, 0700);
    entry->maker = template_maker_new(&place, &maker_events, entry);
}

/* What an earlier host was at: its machine may run still. */
void
template_entry_clear(TemplateEntry *entry)
{
    g_autofree char *folder = NULL, *image_dir = NULL;
    TemplateMakerPlace place;
    fill_place(entry, &place, &folder, &image_dir);
    entry->clearing = TRUE;
    entry->maker = template_maker_clear(&place, &maker_events, entry);
}

void
template_entry_want(TemplateEntry *entry, const char *reason)
{
    if (entry->maker != NULL || entry->waiting)
        return;
    entry->waiting = TRUE;
    template_entry_set_step(entry, 0, "Waiting for another template to be made");
    template_entry_set_state(entry, TEMPLATE_MAKING, reason);
    template_store_schedule(entry->store);
}

void
template_entry_cancel(TemplateEntry *entry)
{
    if (entry->waiting) {
        entry->waiting = FALSE;
        template_entry_set_state(entry, TEMPLATE_FAILED, CANCELLED);
    } else if (entry->maker != NULL && !entry->clearing && !entry->cancelled) {
        entry->cancelled = TRUE;
        template_entry_set_step(entry, entry->progress, "Stopping");
        template_entry_tell(entry);
        template_maker_cancel(entry->maker);
    }
}

static gboolean on_retry(gpointer user);

static gboolean
on_schedule(gpointer user)
{
    TemplateStore *store = user;
    GHashTableIter iter;
    gpointer value;
    TemplateEntry *next = NULL;
    gboolean left = FALSE;
    store->idle = 0;
    g_hash_table_iter_init(&iter, store->entries);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        TemplateEntry *entry = value;
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
    template_store_schedule(user);
    return G_SOURCE_REMOVE;
}

/* The next making, when none is under way. */
void
template_store_schedule(TemplateStore *store)
{
    if (store->idle == 0 && store->users != NULL)
        store->idle = g_idle_add(on_schedule, store);
}
