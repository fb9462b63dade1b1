/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/api/reply.h"

#include <string.h>

gboolean
reply_page(HttpRequest *request, Page *page)
{
    const char *limit = http_request_query(request, "limit");
    guint64 number = PAGE_DEFAULT;

    if (limit && !g_ascii_string_to_unsigned(limit, 10, 1, PAGE_MAX, &number, NULL)) {
        http_request_respond_problem(request, 400, "invalid",
                                     "“limit” must be a whole number from 1 to 500.");
        return FALSE;
    }
    page->after = http_request_query(request, "after");
    if (page->after && strlen(page->after) > 256) {
        http_request_respond_problem(request, 400, "invalid", "“after” is too long.");
        return FALSE;
    }
    page->limit = number + 1;
    return TRUE;
}

gboolean
reply_wait(HttpRequest *request, guint *seconds)
{
    const char *text = http_request_query(request, "wait");
    guint64 number = 0;

    if (text && !g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT, &number, NULL)) {
        http_request_respond_problem(request, 400, "invalid",
                                     "“wait” must be a whole number of seconds.");
        return FALSE;
    }
    *seconds = MIN(number, REPLY_WAIT_MAX);
    return TRUE;
}

gint64
reply_seen(HttpRequest *request, const char *name, guint64 most)
{
    const char *text = http_request_query(request, name);
    guint64 number = 0;

    return text && g_ascii_string_to_unsigned(text, 10, 0, most, &number, NULL) ? (gint64)number
                                                                                : -1;
}

static void
respond_items(HttpRequest *request, json_t *items, const char *next)
{
    json_t *answer = json_pack("{s:o}", "items", items);

    if (next)
        json_object_set_new(answer, "next", json_string(next));
    http_request_respond_json(request, 200, answer);
}

void
reply_list(HttpRequest *request, const Page *page, GPtrArray *items, ReplyItem item, gpointer user,
           ReplyKey key)
{
    json_t *array = json_array();
    guint count = MIN(items->len, page->limit - 1);
    g_autofree char *next = NULL;

    for (guint i = 0; i < count; i++)
        json_array_append_new(array, item(g_ptr_array_index(items, i), user));
    if (items->len > count && count > 0)
        next = key(g_ptr_array_index(items, count - 1));
    respond_items(request, array, next);
}

void
reply_array(HttpRequest *request, const Page *page, json_t *items, const char *key_name)
{
    json_t *array = json_array();
    g_autofree char *next = NULL;
    gboolean started = page->after == NULL;
    size_t index;
    json_t *item;

    json_array_foreach(items, index, item)
    {
        const char *key = json_string_value(json_object_get(item, key_name));
        if (!started) {
            started = g_strcmp0(key, page->after) == 0;
            continue;
        }
        if (json_array_size(array) + 1 == page->limit) {
            json_t *last = json_array_get(array, json_array_size(array) - 1);
            next = g_strdup(json_string_value(json_object_get(last, key_name)));
            break;
        }
        json_array_append(array, item);
    }
    json_decref(items);
    respond_items(request, array, next);
}

json_t *
reply_time(gint64 seconds)
{
    g_autofree char *text = time_text(seconds);
    return json_string(text);
}

json_t *
reply_strings(const char *const *strings)
{
    json_t *array = json_array();

    for (; *strings; strings++)
        json_array_append_new(array, json_string(*strings));
    return array;
}

json_t *
reply_text(const char *text)
{
    return text ? json_string(text) : json_null();
}

json_t *
reply_begin(HttpRequest *request, Fields *fields)
{
    json_t *body = http_request_json(request);

    if (body)
        fields_init(fields, body);
    return body;
}

gboolean
reply_check(HttpRequest *request, Fields *fields)
{
    g_autoptr(GError) error = NULL;

    if (fields_finish(fields, &error))
        return TRUE;
    http_request_respond_error(request, error);
    return FALSE;
}
