/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/model/why.h"

struct Why {
    GArray *steps; /* WhyStep */
};

static void
clear_step(gpointer step)
{
    g_free(((WhyStep *)step)->text);
}

Why *
why_new(void)
{
    Why *why = g_new0(Why, 1);
    why->steps = g_array_new(FALSE, TRUE, sizeof(WhyStep));
    g_array_set_clear_func(why->steps, clear_step);
    return why;
}

void
why_free(Why *why)
{
    if (!why)
        return;
    g_array_unref(why->steps);
    g_free(why);
}

void
why_add(Why *why, const char *verdict, const char *format, ...)
{
    WhyStep step = {.at = now_seconds(), .verdict = g_intern_string(verdict)};
    va_list list;

    va_start(list, format);
    step.text = g_strdup_vprintf(format, list);
    va_end(list);
    g_array_append_val(why->steps, step);
}

guint
why_length(const Why *why)
{
    return why->steps->len;
}

const WhyStep *
why_step(const Why *why, guint index)
{
    return &g_array_index(why->steps, WhyStep, index);
}

gboolean
why_says(const Why *why, const char *text)
{
    for (guint i = 0; why && i < why->steps->len; i++)
        if (g_str_equal(why_step(why, i)->text, text))
            return TRUE;
    return FALSE;
}

gboolean
why_append(Store *store, const char *session_id, const Why *why, GError **error)
{
    g_autoptr(StoreResult) rows =
        store_query(store, error,
                    "SELECT COALESCE(MAX(position) + 1, 0) FROM session_why WHERE session_id = $1",
                    "s", session_id);

    if (!rows)
        return FALSE;
    gint64 position = store_result_integer(rows, 0, 0);
    for (guint i = 0; i < why->steps->len && position < WHY_MAX_STEPS; i++, position++) {
        const WhyStep *step = why_step(why, i);
        if (!store_exec(store, error,
                        "INSERT INTO session_why (session_id, position, at, verdict, text)"
                        " VALUES ($1, $2, $3, $4, $5)",
                        "siiss", session_id, position, step->at, step->verdict, step->text))
            return FALSE;
    }
    return TRUE;
}

Why *
why_load(Store *store, const char *session_id, GError **error)
{
    g_autoptr(StoreResult) rows =
        store_query(store, error,
                    "SELECT at, verdict, text FROM session_why WHERE session_id = $1"
                    " ORDER BY position",
                    "s", session_id);

    if (!rows)
        return NULL;
    Why *why = why_new();
    for (guint i = 0; i < store_result_rows(rows); i++) {
        why_add(why, store_result_text(rows, i, 1), "%s", store_result_text(rows, i, 2));
        g_array_index(why->steps, WhyStep, i).at = store_result_integer(rows, i, 0);
    }
    return why;
}
