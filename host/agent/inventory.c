/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "inventory.h"

#include "common/error.h"
#include "host/agent/fault-point.h"
#include "host/agent/record.h"
#include "host/agent/remote.h"
#include "host/agent/resources.h"

#include <errno.h>
#include <string.h>

/* Somebody who waits for a deletion. */
typedef struct {
    char *id;
    InventoryDeleted deleted;
    gpointer user;
} Waiter;

struct Inventory {
    const HostSettings *settings;
    Provider *provider;
    Provider *remote; /* of machines that run elsewhere */
    ImageStore *images;
    TemplateStore *templates;
    VolumeStore *volumes;
    char *folder;
    GHashTable *desktops; /* id → Desktop */
    GHashTable *leaving;  /* ids that are being deleted (a set) */
    GList *waiters;       /* of Waiter */
    const InventoryEvents *events;
    gpointer user;
};

static gboolean admit(Inventory *inventory, gboolean is_new, guint memory_mib, GError **error);

static void
waiter_free(gpointer data)
{
    Waiter *waiter = data;
    g_free(waiter->id);
    g_free(waiter);
}

static void
tell_volume(Inventory *inventory, const char *volume)
{
    if (inventory->events != NULL && inventory->events->volume_changed != NULL)
        inventory->events->volume_changed(volume, inventory->user);
}

static void
on_changed(Desktop *desktop, gpointer user)
{
    Inventory *inventory = user;
    if (inventory->events != NULL)
        inventory->events->changed(desktop, inventory->user);
}

static void
on_deleted(Desktop *desktop, gpointer user)
{
    Inventory *inventory = user;
    g_autofree char *id = g_strdup(desktop_record(desktop)->id);
    g_message("The desktop “%s” (%s) is deleted.", desktop_record(desktop)->name, id);
    g_auto(GStrv) volumes = g_strdupv(desktop_record(desktop)->volumes);
    g_hash_table_remove(inventory->leaving, id);
    g_hash_table_remove(inventory->desktops, id);
    for (char **volume = volumes; *volume != NULL; volume++)
        tell_volume(inventory, *volume);
    template_store_collect(inventory->templates);
    if (inventory->events != NULL)
        inventory->events->deleted(id, inventory->user);
    for (GList *at = inventory->waiters, *next; at != NULL; at = next) {
        Waiter *waiter = at->data;
        next = at->next;
        if (!g_str_equal(waiter->id, id))
            continue;
        inventory->waiters = g_list_delete_link(inventory->waiters, at);
        waiter->deleted(waiter->user);
        waiter_free(waiter);
    }
}

static const DesktopEvents desktop_events = {.changed = on_changed, .deleted = on_deleted};

/* Takes over record. */
static Desktop *
add_desktop(Inventory *inventory, DesktopRecord *record, GError **error)
{
    const Image *image = image_store_find(inventory->images, record->image, NULL);
    DesktopPlace place = {.settings = inventory->settings,
                          .provider =
                              record->vnc[0] != '\0' ? inventory->remote : inventory->provider,
                          .templates = inventory->templates,
                          .volumes = inventory->volumes,
                          .image_dir = image_store_folder(inventory->images, record->image),
                          .cmdline = g_strdup(image != NULL ? image->cmdline : "")};
    Desktop *desktop = desktop_new(record, &place, &desktop_events, inventory, error);
    if (desktop != NULL)
        g_hash_table_replace(inventory->desktops, desktop_record(desktop)->id, desktop);
    return desktop;
}

/* A folder without a record: what an interrupted creation left. One that holds a disk is somebody's
 * work and is left alone. */
static void
clear_unknown_folder(const char *folder)
{
    g_autofree char *disk = g_build_filename(folder, "disk.qcow2", NULL);
    if (g_file_test(disk, G_FILE_TEST_EXISTS)) {
        g_warning("The record in “%s” cannot be read; the folder is left as it is.", folder);
        return;
    }
    g_warning("The desktop folder “%s” has no record and no disk; it is removed.", folder);
    record_remove_folder(folder, NULL);
}

static void
take_up(Inventory *inventory, const char *id)
{
    g_autofree char *folder = g_build_filename(inventory->folder, id, NULL);
    g_autoptr(GError) error = NULL;
    if (!g_uuid_string_is_valid(id))
        return;
    DesktopRecord *record = desktop_record_load(folder, id);
    if (record == NULL) {
        clear_unknown_folder(folder);
        return;
    }
    gboolean deleting = record->deleting;
    Desktop *desktop = add_desktop(inventory, record, &error);
    if (desktop == NULL) {
        g_warning("The desktop %s cannot be taken up: %s", id, error->message);
        return;
    }
    if (deleting)
        g_hash_table_add(inventory->leaving, g_strdup(id));
}

static guint
count_on_template(const char *name, const char *generation, gpointer user)
{
    Inventory *inventory = user;
    guint count = 0;
    GHashTableIter iter;
    gpointer desktop;
    g_hash_table_iter_init(&iter, inventory->desktops);
    while (g_hash_table_iter_next(&iter, NULL, &desktop)) {
        const DesktopRecord *record = desktop_record(desktop);
        count += g_str_equal(record->template_name, name) && record->generation[0] != '\0' &&
                 (generation == NULL || g_str_equal(record->generation, generation));
    }
    return count;
}

static gboolean
admit_template(guint memory_mib, GError **error, gpointer user)
{
    return admit(user, TRUE, memory_mib, error);
}

static const TemplateStoreUsers template_users = {.count = count_on_template,
                                                  .admit = admit_template};

/* When all of them are known: what runs is taken up, what was half done is completed. */
static void
recover_all(Inventory *inventory)
{
    g_autoptr(GList) list = g_hash_table_get_values(inventory->desktops);
    for (GList *at = list; at != NULL; at = at->next)
        desktop_recover(at->data);
}

Inventory *
inventory_new(const HostSettings *settings, Provider *provider, ImageStore *images,
              TemplateStore *templates, VolumeStore *volumes, GError **error)
{
    g_autofree char *folder = g_build_filename(settings->state_dir, "desktops", NULL);
    if (g_mkdir_with_parents(folder, 0700) != 0 ||
        g_mkdir_with_parents(settings->run_dir, 0700) != 0) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED,
                    "The folders “%s” and “%s” cannot be made: %s.", folder, settings->run_dir,
                    g_strerror(errno));
        return NULL;
    }
    Inventory *inventory = g_new0(Inventory, 1);
    inventory->settings = settings;
    inventory->provider = provider;
    inventory->remote = remote_provider_new();
    inventory->images = images;
    inventory->templates = templates;
    inventory->volumes = volumes;
    inventory->folder = g_steal_pointer(&folder);
    inventory->desktops =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)desktop_free);
    inventory->leaving = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GDir) dir = g_dir_open(inventory->folder, 0, NULL);
    for (const char *id; dir != NULL && (id = g_dir_read_name(dir)) != NULL;)
        take_up(inventory, id);
    template_store_begin(templates, &template_users, inventory);
    recover_all(inventory);
    return inventory;
}

void
inventory_free(Inventory *inventory)
{
    if (inventory == NULL)
        return;
    inventory->events = NULL;
    g_hash_table_unref(inventory->desktops);
    g_hash_table_unref(inventory->leaving);
    g_list_free_full(inventory->waiters, waiter_free);
    inventory->remote->ops->provider_free(inventory->remote);
    g_free(inventory->folder);
    g_free(inventory);
}

void
inventory_set_events(Inventory *inventory, const InventoryEvents *events, gpointer user)
{
    inventory->events = events;
    inventory->user = user;
}

static int
compare_age(gconstpointer a, gconstpointer b)
{
    const DesktopRecord *one = desktop_record(a), *other = desktop_record(b);
    if (one->created_at != other->created_at)
        return one->created_at < other->created_at ? -1 : 1;
    return strcmp(one->id, other->id);
}

GList *
inventory_list(Inventory *inventory)
{
    GList *list = NULL;
    GHashTableIter iter;
    gpointer id, desktop;
    g_hash_table_iter_init(&iter, inventory->desktops);
    while (g_hash_table_iter_next(&iter, &id, &desktop))
        if (!g_hash_table_contains(inventory->leaving, id))
            list = g_list_prepend(list, desktop);
    return g_list_sort(list, compare_age);
}

guint
inventory_count(Inventory *inventory)
{
    return g_hash_table_size(inventory->desktops) - g_hash_table_size(inventory->leaving);
}

Desktop *
inventory_find(Inventory *inventory, const char *id, GError **error)
{
    Desktop *desktop = g_hash_table_lookup(inventory->desktops, id);
    if (desktop != NULL && !g_hash_table_contains(inventory->leaving, id))
        return desktop;
    g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_NOT_FOUND, "There is no desktop “%s” on this host.",
                id);
    return NULL;
}

guint
inventory_count_on_image(Inventory *inventory, const char *image)
{
    guint count = 0;
    GHashTableIter iter;
    gpointer desktop;
    g_hash_table_iter_init(&iter, inventory->desktops);
    while (g_hash_table_iter_next(&iter, NULL, &desktop))
        count += g_str_equal(desktop_record(desktop)->image, image);
    return count;
}

guint64
inventory_promised_mib(Inventory *inventory)
{
    guint64 promised = 0;
    GHashTableIter iter;
    gpointer desktop;
    g_hash_table_iter_init(&iter, inventory->desktops);
    while (g_hash_table_iter_next(&iter, NULL, &desktop))
        promised += desktop_promised_mib(desktop);
    return promised + template_store_promised_mib(inventory->templates);
}

void
inventory_memory(Inventory *inventory, InventoryMemory *memory)
{
    GHashTableIter iter;
    gpointer desktop;
    guint64 used_kib = 0, shared_kib = 0, promised = 0;
    guint count = 0;
    *memory = (InventoryMemory){0};
    g_hash_table_iter_init(&iter, inventory->desktops);
    while (g_hash_table_iter_next(&iter, NULL, &desktop)) {
        MemoryUse use;
        guint mib = desktop_record(desktop)->memory_mib;
        if (desktop_record(desktop)->vnc[0] != '\0')
            continue;
        count++;
        promised += mib;
        if (desktop_promised_mib(desktop) == 0)
            continue;
        memory->asked_mib += mib;
        desktop_memory(desktop, &use);
        used_kib += use.own;
        shared_kib += use.shared;
    }
    memory->used_mib = used_kib / 1024;
    memory->shared_mib = shared_kib / 1024;
    memory->usual_mib = count > 0 ? (guint)(promised / count) : 0;
}

void
inventory_resources(Inventory *inventory, Resources *resources)
{
    resources_read(resources, inventory->folder);
}

/* One that is new wants room on the disk, too: one that is there has its share. */
static gboolean
admit(Inventory *inventory, gboolean is_new, guint memory_mib, GError **error)
{
    Resources resources;
    inventory_resources(inventory, &resources);
    if (is_new &&
        !resources_admit_disk(&resources, (guint64)inventory->settings->disk_reserve_mib, error))
        return FALSE;
    return resources_admit(&resources, inventory_promised_mib(inventory),
                           (guint64)inventory->settings->memory_reserve_mib, memory_mib, error);
}

static gboolean
check_image(Inventory *inventory, const DesktopRecord *record, GError **error)
{
    const Image *image = image_store_find(inventory->images, record->image, error);
    if (image == NULL)
        return FALSE;
    if (image->state == IMAGE_READY)
        return TRUE;
    g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_REFUSED, "The image “%s” is not ready.",
                record->image);
    return FALSE;
}

static gboolean
check_new(Inventory *inventory, const DesktopRecord *record, GError **error)
{
    gboolean remote = record->vnc[0] != '\0';
    if (!desktop_record_check(record, error) || (!remote && !check_image(inventory, record, error)))
        return FALSE;
    if (g_hash_table_contains(inventory->leaving, record->id)) {
        g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_REFUSED,
                            "A desktop of this id is being deleted.");
        return FALSE;
    }
    if (g_hash_table_size(inventory->desktops) >= (guint)inventory->settings->max_desktops) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_REFUSED,
                    "This host has as many desktops as it may have (%d); delete one first.",
                    inventory->settings->max_desktops);
        return FALSE;
    }
    return remote || admit(inventory, TRUE, record->memory_mib, error);
}

const char *
inventory_volume_owner(Inventory *inventory, const char *volume)
{
    GHashTableIter iter;
    gpointer desktop;
    g_hash_table_iter_init(&iter, inventory->desktops);
    while (g_hash_table_iter_next(&iter, NULL, &desktop)) {
        const DesktopRecord *record = desktop_record(desktop);
        if (g_strv_contains((const char *const *)record->volumes, volume))
            return record->id;
    }
    return NULL;
}

static gboolean
refuse_owned(const char *volume, const char *owner, GError **error)
{
    g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_REFUSED,
                "The volume “%s” belongs to the desktop “%s”; delete that one first.", volume,
                owner);
    return FALSE;
}

gboolean
inventory_delete_volume(Inventory *inventory, const char *volume, GError **error)
{
    const char *owner = inventory_volume_owner(inventory, volume);
    if (owner != NULL)
        return refuse_owned(volume, owner, error);
    gboolean there = volume_store_find(inventory->volumes, volume, NULL) != NULL;
    if (!volume_store_delete(inventory->volumes, volume, error))
        return FALSE;
    if (there && inventory->events != NULL && inventory->events->volume_deleted != NULL)
        inventory->events->volume_deleted(volume, inventory->user);
    return TRUE;
}

gboolean
inventory_ensure_volume(Inventory *inventory, const char *desktop, const char *volume,
                        guint size_mib, GError **error)
{
    const char *owner = inventory_volume_owner(inventory, volume);
    if (owner != NULL && !g_str_equal(owner, desktop))
        return refuse_owned(volume, owner, error);
    return volume_store_ensure(inventory->volumes, volume, size_mib, error) != NULL;
}

static void
default_to(guint *value, guint fallback)
{
    if (*value == 0)
        *value = fallback;
}

/* What a clone leaves out is its template's. What differs makes it boot cold, and says why. */
static gboolean
choose_template(Inventory *inventory, DesktopRecord *record, GError **error)
{
    if (record->template_name[0] == '\0')
        return TRUE;
    const Template *template_ =
        template_store_find(inventory->templates, record->template_name, error);
    if (template_ == NULL)
        return FALSE;
    if (record->image[0] == '\0') {
        g_free(record->image);
        record->image = g_strdup(template_->image);
    }
    default_to(&record->cpus, template_->cpus);
    default_to(&record->memory_mib, template_->memory_mib);
    default_to(&record->width, template_->width);
    default_to(&record->height, template_->height);
    const char *problem = NULL;
    if (!g_str_equal(record->image, template_->image))
        problem = "Its image is not the template's.";
    else if (!template_has_shape(template_, record->cpus, record->memory_mib, record->width,
                                 record->height))
        problem = "Its processors, memory or screen are not the template's.";
    else if (template_->generation[0] == '\0')
        problem = "Its template is not ready.";
    if (problem == NULL) {
        g_free(record->generation);
        record->generation = g_strdup(template_->generation);
        return TRUE;
    }
    g_autofree char *note =
        g_strdup_printf("It could not be cloned, so it boots from its image. %s", problem);
    desktop_record_note(record, note);
    return TRUE;
}

Desktop *
inventory_create(Inventory *inventory, DesktopRecord *record, GError **error)
{
    Desktop *there = inventory_find(inventory, record->id, NULL);
    if (there != NULL || !choose_template(inventory, record, error) ||
        !check_new(inventory, record, error)) {
        desktop_record_free(record);
        return there;
    }
    record->created_at = g_get_real_time() / G_USEC_PER_SEC;
    record->state = DESKTOP_STARTING;
    Desktop *desktop = add_desktop(inventory, record, error);
    fault_point("clone-accepted");
    for (char **id = desktop != NULL ? desktop_record(desktop)->volumes : NULL;
         id != NULL && *id != NULL; id++)
        tell_volume(inventory, *id);
    if (desktop != NULL)
        desktop_begin(desktop);
    return desktop;
}

gboolean
inventory_start(Inventory *inventory, Desktop *desktop, GError **error)
{
    if (desktop_promised_mib(desktop) == 0 &&
        !admit(inventory, FALSE, desktop_record(desktop)->memory_mib, error))
        return FALSE;
    return desktop_start(desktop, error);
}

static gboolean
report_not_there(gpointer user)
{
    Waiter *waiter = user;
    waiter->deleted(waiter->user);
    waiter_free(waiter);
    return G_SOURCE_REMOVE;
}

void
inventory_delete(Inventory *inventory, const char *id, InventoryDeleted deleted, gpointer user)
{
    Desktop *desktop = g_hash_table_lookup(inventory->desktops, id);
    Waiter *waiter = g_new0(Waiter, 1);
    waiter->id = g_strdup(id);
    waiter->deleted = deleted;
    waiter->user = user;
    if (desktop == NULL) {
        g_idle_add(report_not_there, waiter);
        return;
    }
    inventory->waiters = g_list_append(inventory->waiters, waiter);
    g_hash_table_add(inventory->leaving, g_strdup(id));
    desktop_delete(desktop);
}
