/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "host/agent/image-store.h"
#include "host/agent/settings.h"
#include "host/agent/template.h"

/* The templates of this host: what is in STATE/templates. One is made at a time. Main-context
 * object. */
typedef struct TemplateStore TemplateStore;

typedef struct {
    void (*changed)(const char *name, gpointer user);
    void (*deleted)(const char *name, gpointer user);
} TemplateStoreEvents;

typedef struct {
    const HostSettings *settings;
    Provider *provider;
    ImageStore *images;
} TemplateStorePlace;

/* Who else has a claim on what the store needs, or on what it keeps. */
typedef struct {
    /* Desktops whose disks stand on this generation (NULL: on any of the template's). */
    guint (*count)(const char *name, const char *generation, gpointer user);
    /* FALSE with ORIEL_ERROR_REFUSED or _NO_SPACE: there is no room for a machine of this size. */
    gboolean (*admit)(guint memory_mib, GError **error, gpointer user);
} TemplateStoreUsers;

/* place is copied; what it names must outlive the store. What an earlier host left half made is
 * cleared, and made anew, once template_store_begin() was called. */
TemplateStore *template_store_new(const TemplateStorePlace *place, GError **error);
void template_store_free(TemplateStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TemplateStore, template_store_free)

/* users must be known before makings can begin. */
void template_store_begin(TemplateStore *store, const TemplateStoreUsers *users, gpointer user);
void template_store_set_events(TemplateStore *store, const TemplateStoreEvents *events,
                               gpointer user);

/* Borrowed Templates, by name; the caller frees the list alone. */
GList *template_store_list(TemplateStore *store);
guint template_store_count(TemplateStore *store);
/* Borrowed; ORIEL_ERROR_NOT_FOUND. */
const Template *template_store_find(TemplateStore *store, const char *name, GError **error);
json_t *template_store_to_json(TemplateStore *store, const Template *template_);
guint template_store_count_on_image(TemplateStore *store, const char *image);
/* Memory of the machines that are being made into templates. */
guint64 template_store_promised_mib(TemplateStore *store);

/* Begins to make one. wanted: name, image and shape. The same that is there is the answer, and
 * begins anew when it failed. ORIEL_ERROR_INVALID, _NOT_FOUND (image), _REFUSED (image not ready),
 * _EXISTS. */
const Template *template_store_make(TemplateStore *store, const Template *wanted, GError **error);
/* Ends a making: the template fails, and stays so until it is asked for again. One that is not
 * being made stays as it is. ORIEL_ERROR_NOT_FOUND. */
const Template *template_store_cancel(TemplateStore *store, const char *name, GError **error);
/* ORIEL_ERROR_REFUSED while a desktop stands on it. One that is not there is fine. */
gboolean template_store_delete(TemplateStore *store, const char *name, GError **error);

/* The folder that a clone of this generation is made from, if it can be: frozen, unharmed, and made
 * with what this host has now. Else NULL, with a sentence; what can be mended begins to be. */
char *template_store_open(TemplateStore *store, const char *name, const char *generation,
                          GError **error);
/* The folder of a generation, whatever its state. */
char *template_store_folder(TemplateStore *store, const char *name, const char *generation);
/* A clone could not be restored from it: it is made anew. */
void template_store_suspect(TemplateStore *store, const char *name, const char *generation,
                            const char *reason);
/* A desktop went: generations on which nothing stands any more go, too. */
void template_store_collect(TemplateStore *store);
