/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/api/fields.h"

#include <string.h>

#include "broker/model/name.h"
#include "common/error.h"

#define MAX_ITEM 256

void
fields_init(Fields *fields, const json_t *object)
{
    fields->object = object;
    fields->seen = g_hash_table_new(g_str_hash, g_str_equal);
    fields->error = NULL;
}

void
fields_refuse(Fields *fields, const char *name, const char *reason)
{
    if (!fields->error)
        fields->error = g_error_new(ORIEL_ERROR, ORIEL_ERROR_INVALID, "“%s” %s.", name, reason);
}

gboolean
fields_finish(Fields *fields, GError **error)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)fields->object, name, value)
    {
        if (g_hash_table_contains(fields->seen, name))
            continue;
        /* The name is the client's: so much of it is shown. */
        g_autofree char *shown = g_utf8_substring(name, 0, MIN(g_utf8_strlen(name, -1), 64));
        fields_refuse(fields, shown, "is no field of this request");
        break;
    }
    g_hash_table_unref(fields->seen);
    if (!fields->error)
        return TRUE;
    g_propagate_error(error, fields->error);
    return FALSE;
}

gboolean
fields_has(Fields *fields, const char *name)
{
    g_hash_table_add(fields->seen, (gpointer)name);
    return json_object_get(fields->object, name) != NULL;
}

/* The value, or NULL when there is nothing (more) to read. */
static json_t *
take(Fields *fields, const char *name, FieldNeed need)
{
    json_t *value = fields_has(fields, name) ? json_object_get(fields->object, name) : NULL;

    if (!value && need == FIELD_REQUIRED)
        fields_refuse(fields, name, "is missing");
    return fields->error ? NULL : value;
}

static gboolean
has_control(const char *text)
{
    for (const char *c = text; *c; c++)
        if (g_ascii_iscntrl(*c))
            return TRUE;
    return FALSE;
}

void
fields_string(Fields *fields, const char *name, FieldNeed need, gsize minimum, gsize maximum,
              const char **value)
{
    json_t *json = take(fields, name, need);
    const char *text = json_string_value(json);

    if (!json)
        return;
    if (!text)
        fields_refuse(fields, name, "must be a string");
    else if (json_string_length(json) != strlen(text) || has_control(text))
        fields_refuse(fields, name, "may not hold control characters");
    else if (strlen(text) < minimum)
        fields_refuse(fields, name, minimum == 1 ? "may not be empty" : "is too short");
    else if (strlen(text) > maximum)
        fields_refuse(fields, name, "is too long");
    else
        *value = text;
}

void
fields_name(Fields *fields, const char *name, FieldNeed need, const char **value)
{
    const char *text = NULL;

    fields_string(fields, name, need, 1, 63, &text);
    if (!text)
        return;
    if (!name_is_valid(text))
        fields_refuse(fields, name, "must have " NAME_RULE);
    else
        *value = text;
}

void
fields_word(Fields *fields, const char *name, FieldNeed need, const char *const *words,
            const char **value)
{
    const char *text = NULL;

    fields_string(fields, name, need, 1, MAX_ITEM, &text);
    if (!text)
        return;
    if (g_strv_contains(words, text)) {
        *value = text;
        return;
    }
    g_autofree char *list = g_strjoinv("”, “", (char **)words);
    g_autofree char *reason = g_strdup_printf("must be one of “%s”", list);
    fields_refuse(fields, name, reason);
}

void
fields_integer(Fields *fields, const char *name, FieldNeed need, gint64 minimum, gint64 maximum,
               gint64 *value)
{
    json_t *json = take(fields, name, need);
    g_autofree char *reason = NULL;

    if (!json)
        return;
    if (json_is_integer(json) && json_integer_value(json) >= minimum &&
        json_integer_value(json) <= maximum) {
        *value = json_integer_value(json);
        return;
    }
    reason = g_strdup_printf(
        "must be a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, minimum, maximum);
    fields_refuse(fields, name, reason);
}

void
fields_bool(Fields *fields, const char *name, FieldNeed need, gboolean *value)
{
    json_t *json = take(fields, name, need);

    if (!json)
        return;
    if (json_is_boolean(json))
        *value = json_is_true(json);
    else
        fields_refuse(fields, name, "must be true or false");
}

void
fields_strings(Fields *fields, const char *name, FieldNeed need, gsize maximum, char ***value)
{
    json_t *json = take(fields, name, need);
    g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func(g_free);
    size_t index;
    json_t *item;

    if (!json)
        return;
    if (!json_is_array(json) || json_array_size(json) > maximum) {
        fields_refuse(fields, name,
                      json_is_array(json) ? "has too many items" : "must be a list of strings");
        return;
    }
    json_array_foreach(json, index, item)
    {
        const char *text = json_string_value(item);
        if (!text || !*text || strlen(text) > MAX_ITEM ||
            strlen(text) != json_string_length(item) || has_control(text)) {
            fields_refuse(fields, name, "must be a list of strings");
            return;
        }
        if (!g_ptr_array_find_with_equal_func(items, text, g_str_equal, NULL))
            g_ptr_array_add(items, g_strdup(text));
    }
    g_strfreev(*value);
    g_ptr_array_add(items, NULL);
    *value = (char **)g_ptr_array_free(g_steal_pointer(&items), FALSE);
}
