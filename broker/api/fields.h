/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <jansson.h>

#include <glib.h>

/*
 * Reads a request's JSON object strictly, field by field: a missing one, a wrong type, a value out
 * of bounds, and at the end a field nobody asked for, are ORIEL_ERROR_INVALID with a sentence that
 * names the field. The first problem stays; later calls do nothing. Strings are borrowed from the
 * object.
 */

typedef struct {
    const json_t *object;
    GHashTable *seen; /* names asked for */
    GError *error;
} Fields;

typedef enum { FIELD_OPTIONAL, FIELD_REQUIRED } FieldNeed;

void fields_init(Fields *fields, const json_t *object);
/* Whether all was well; moves the problem to error. */
gboolean fields_finish(Fields *fields, GError **error);

/* Whether the object has it; counts as asked for. */
gboolean fields_has(Fields *fields, const char *name);

/* Left alone when it is not there or wrong. Lengths in bytes. Control characters are refused. */
void fields_string(Fields *fields, const char *name, FieldNeed need, gsize minimum, gsize maximum,
                   const char **value);
/* By name.h's rule. */
void fields_name(Fields *fields, const char *name, FieldNeed need, const char **value);
/* One of the words, which end with NULL. */
void fields_word(Fields *fields, const char *name, FieldNeed need, const char *const *words,
                 const char **value);
void fields_integer(Fields *fields, const char *name, FieldNeed need, gint64 minimum,
                    gint64 maximum, gint64 *value);
void fields_bool(Fields *fields, const char *name, FieldNeed need, gboolean *value);
/* An array of at most maximum different strings; *value is freed and replaced. */
void fields_strings(Fields *fields, const char *name, FieldNeed need, gsize maximum, char ***value);
/* For rules of the caller's own: the field is wrong for this reason. */
void fields_refuse(Fields *fields, const char *name, const char *reason);
