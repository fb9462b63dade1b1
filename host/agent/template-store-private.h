/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "host/agent/template-maker.h"
#include "host/agent/template-store.h"

/*
 * What the two parts of the template store share: template-store.c keeps the templates,
 * template-queue.c has them made, one after the other. Nobody else includes this.
 */
typedef struct TemplateEntry TemplateEntry;

struct TemplateEntry {
    TemplateStore *store;
    Template *record;
    TemplateMaker *maker; /* while it is made, or cleared */
    guint progress;
    char *step_text;
    gboolean clearing;  /* the maker ends what an earlier host began */
    gboolean deleting;  /* it goes when the maker has ended */
    gboolean waiting;   /* to be made when it is its turn */
    gboolean cancelled; /* the maker ends because somebody wished so */
};

struct TemplateStore {
    TemplateStorePlace place;
    char *folder;
    GHashTable *entries; /* name → TemplateEntry */
    GList *unknown;      /* names of folders without a record, until there are users to ask */
    guint idle, retry;
    const TemplateStoreUsers *users;
    gpointer users_data;
    const TemplateStoreEvents *events;
    gpointer user;
};

static inline void
template_replace(char **value, const char *with)
{
    char *copy = g_strdup(with);
    g_free(*value);
    *value = copy;
}

char *template_entry_folder(const TemplateEntry *entry);
void template_entry_save(TemplateEntry *entry);
void template_entry_tell(TemplateEntry *entry);
/* Recorded, then told. */
void template_entry_set_state(TemplateEntry *entry, TemplateState state, const char *reason);
void template_entry_set_step(TemplateEntry *entry, guint progress, const char *text);
void template_entry_remove_generation(TemplateEntry *entry, const char *generation);
/* Removes what is neither the newest generation, nor being made, nor under a desktop. */
void template_entry_collect(TemplateEntry *entry);

/* Nobody wants it made now. */
void template_entry_cancel(TemplateEntry *entry);
/* To be made when it is its turn; reason: why the one there is does not do, or NULL. */
void template_entry_want(TemplateEntry *entry, const char *reason);
/* Ends what an earlier host was at: its machine may run still. */
void template_entry_clear(TemplateEntry *entry);
/* Frees the entry. */
void template_entry_finish_delete(TemplateEntry *entry);
/* The next making, when none is under way. */
void template_store_schedule(TemplateStore *store);
const Image *template_store_ready_image(TemplateStore *store, const char *name, GError **error);
