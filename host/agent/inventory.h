/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "host/agent/desktop.h"
#include "host/agent/image-store.h"
#include "host/agent/resources.h"

/* Every desktop of this host, found again after a restart. Main-context object. */
typedef struct Inventory Inventory;

typedef struct {
    void (*changed)(Desktop *desktop, gpointer user);
    void (*deleted)(const char *id, gpointer user);
    /* A volume was made, or has another owner. */
    void (*volume_changed)(const char *id, gpointer user);
    void (*volume_deleted)(const char *id, gpointer user);
} InventoryEvents;

/* Reads STATE/desktops and takes up what runs. settings, provider and the stores must outlive it.
 * From here on templates are made, too. */
Inventory *inventory_new(const HostSettings *settings, Provider *provider, ImageStore *images,
                         TemplateStore *templates, VolumeStore *volumes, GError **error);
void inventory_free(Inventory *inventory);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Inventory, inventory_free)

void inventory_set_events(Inventory *inventory, const InventoryEvents *events, gpointer user);

/* Borrowed Desktops by their age; the caller frees the list alone. Those being deleted are not in
 * it. */
GList *inventory_list(Inventory *inventory);
guint inventory_count(Inventory *inventory);
/* Borrowed; NULL with ORIEL_ERROR_NOT_FOUND. */
Desktop *inventory_find(Inventory *inventory, const char *id, GError **error);
guint inventory_count_on_image(Inventory *inventory, const char *image);
/* MiB that running desktops were promised for their guests, take, and have in common. */
typedef struct {
    guint64 asked_mib, used_mib, shared_mib;
    guint usual_mib; /* what one desktop was promised on average; 0: there are none */
} InventoryMemory;
void inventory_memory(Inventory *inventory, InventoryMemory *memory);
/* What this host has, its disk being the one that desktops lie on. */
void inventory_resources(Inventory *inventory, Resources *resources);
/* Also to machines that become templates. */
guint64 inventory_promised_mib(Inventory *inventory);

/* Takes over record (its id, name, template, image, sizes and limits count) and starts the desktop.
 * A desktop of this id that is there already is the answer: a repeated command is executed once.
 * ORIEL_ERROR_INVALID, _NOT_FOUND (image), _REFUSED (no room), _NO_SPACE. */
Desktop *inventory_create(Inventory *inventory, DesktopRecord *record, GError **error);
/* The id of the desktop that has it, borrowed; NULL: none. */
const char *inventory_volume_owner(Inventory *inventory, const char *volume);
/* ORIEL_ERROR_REFUSED while a desktop has it. One that is not there is fine. */
gboolean inventory_delete_volume(Inventory *inventory, const char *volume, GError **error);
/* Makes a new desktop's volumes where they are not there: before inventory_create().
 * ORIEL_ERROR_REFUSED when another desktop has one of them. */
gboolean inventory_ensure_volume(Inventory *inventory, const char *desktop, const char *volume,
                                 guint size_mib, GError **error);
/* Starts a stopped one, when there is room for it. */
gboolean inventory_start(Inventory *inventory, Desktop *desktop, GError **error);

/* Called once, from the main loop, when nothing of it is left; also when it was not there. */
typedef void (*InventoryDeleted)(gpointer user);
void inventory_delete(Inventory *inventory, const char *id, InventoryDeleted deleted,
                      gpointer user);
