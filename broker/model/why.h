/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/model/name.h"
#include "broker/store/store.h"

/* The decisions about one session, in order: what was looked at, what came of it. */
typedef struct {
    gint64 at;
    const char *verdict; /* "yes", "no", "chosen" or "info" */
    char *text;          /* a sentence for a person */
} WhyStep;

/* Collects steps before the session they belong to exists. */
typedef struct Why Why;
Why *why_new(void);
void why_free(Why *why);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Why, why_free)
void why_add(Why *why, const char *verdict, const char *format, ...) G_GNUC_PRINTF(3, 4);
guint why_length(const Why *why);
const WhyStep *why_step(const Why *why, guint index);

/* Whether a step says just that; why may be NULL. */
gboolean why_says(const Why *why, const char *text);

/* Puts the steps behind those the session has; at most WHY_MAX_STEPS are kept of one session. */
#define WHY_MAX_STEPS 200
gboolean why_append(Store *store, const char *session_id, const Why *why, GError **error);
Why *why_load(Store *store, const char *session_id, GError **error);
