/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "host/agent/provider.h"

#include <jansson.h>

typedef enum { TEMPLATE_MAKING, TEMPLATE_READY, TEMPLATE_FAILED, TEMPLATE_STALE } TemplateState;

/* The frozen files of a template's generation. */
#define TEMPLATE_FILES 3
extern const char *const template_files[TEMPLATE_FILES]; /* disk.qcow2, memory, state */

typedef struct {
    gint64 size, changed_ns; /* of the file's content */
} TemplateFile;

/* A machine that has booted, frozen: STATE/templates/NAME/ with template.json and one folder for
 * each making, its generation. */
typedef struct {
    char *name, *image;
    guint cpus, memory_mib, width, height;
    TemplateState state;
    char *reason;               /* a sentence, or NULL */
    char *generation;           /* what clones are made of; "" before the first */
    char *making;               /* the generation that is being made; "" for none */
    gint64 created_at, made_at; /* Unix time, s; 0: never */
    /* What generation was made with: "" before. */
    char *provider, *version, *cpu, *accelerator, *image_sha256;
    guint64 size_bytes;
    TemplateFile files[TEMPLATE_FILES];
} Template;

Template *template_new(void);
void template_free(Template *template_);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Template, template_free)

json_t *template_to_json(const Template *template_);
gboolean template_save(const Template *template_, const char *folder, GError **error);
/* NULL when there is none, or it holds what cannot be. */
Template *template_load(const char *folder, const char *name);

gboolean template_has_shape(const Template *template_, guint cpus, guint memory_mib, guint width,
                            guint height);
/* What it was made with, from the provider and the image as they are now. */
void template_set_origin(Template *template_, const ProviderFacts *facts, const char *image_sha256);
/* NULL, or a sentence: why it fits to this host and image no more. */
char *template_misfit(const Template *template_, const ProviderFacts *facts,
                      const char *image_sha256);

/* Looks at the frozen files of folder, which is a generation's. ORIEL_ERROR_FAILED. */
gboolean template_measure(Template *template_, const char *folder, GError **error);
/* FALSE with ORIEL_ERROR_FAILED when one of them is gone or was changed since. Costs three stat().
 */
gboolean template_verify(const Template *template_, const char *folder, GError **error);
