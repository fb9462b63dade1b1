/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/api/item-waits.h"

#include "broker/api/reply.h"

struct ItemWaits {
    GPtrArray *waiting; /* Wait */
};

/* One request, and what its caller has seen. */
typedef struct {
    ItemWaits *waits;
    HttpRequest *request;
    HostLink *link; /* only compared: the host may be forgotten meanwhile */
    HostKind kind;
    char *key, *state;
    gint64 progress;
    json_t *last; /* what is answered when the time is over */
    ItemJson json;
    guint timer;
} Wait;

static void
wait_free(gpointer data)
{
    Wait *wait = data;

    g_clear_handle_id(&wait->timer, g_source_remove);
    http_request_unref(wait->request);
    json_decref(wait->last);
    g_free(wait->key);
    g_free(wait->state);
    g_free(wait);
}

ItemWaits *
item_waits_new(void)
{
    ItemWaits *waits = g_new0(ItemWaits, 1);

    waits->waiting = g_ptr_array_new_with_free_func(wait_free);
    return waits;
}

void
item_waits_free(ItemWaits *waits)
{
    if (!waits)
        return;
    g_ptr_array_unref(waits->waiting);
    g_free(waits);
}

static gboolean
is_news(const Wait *wait, const json_t *item)
{
    return g_strcmp0(wait->state, json_string_value(json_object_get(item, "state"))) != 0 ||
           wait->progress != json_integer_value(json_object_get(item, "progress"));
}

static gboolean
time_is_up(gpointer data)
{
    Wait *wait = data;

    wait->timer = 0;
    http_request_respond_json(wait->request, 200, json_incref(wait->last));
    g_ptr_array_remove(wait->waits->waiting, wait);
    return G_SOURCE_REMOVE;
}

void
item_waits_changed(ItemWaits *waits, HostLink *link, HostKind kind, const char *key)
{
    const json_t *item = host_link_item(link, kind, key);

    for (guint i = waits->waiting->len; i > 0; i--) {
        Wait *wait = g_ptr_array_index(waits->waiting, i - 1);
        if (wait->link != link || wait->kind != kind || !g_str_equal(wait->key, key))
            continue;
        if (!item)
            http_request_respond_problem(wait->request, 404, "not-found", "It is gone.");
        else if (is_news(wait, item))
            http_request_respond_json(wait->request, 200, wait->json(item, link));
        else
            continue;
        g_ptr_array_remove_index(waits->waiting, i - 1);
    }
}

void
item_waits_answer(ItemWaits *waits, HttpRequest *request, HostLink *link, HostKind kind,
                  const char *key, ItemJson json)
{
    const json_t *item = host_link_item(link, kind, key);
    const char *state = http_request_query(request, "state");
    gint64 progress = reply_seen(request, "progress", 100);
    guint seconds;

    if (!reply_wait(request, &seconds))
        return;
    Wait *wait = g_new0(Wait, 1);
    wait->waits = waits;
    wait->request = http_request_ref(request);
    wait->link = link;
    wait->kind = kind;
    wait->key = g_strdup(key);
    wait->state = g_strdup(state ? state : json_string_value(json_object_get(item, "state")));
    wait->progress =
        progress >= 0 ? progress : json_integer_value(json_object_get(item, "progress"));
    wait->json = json;
    wait->last = json(item, link);
    if (seconds == 0 || waits->waiting->len >= ITEM_WAITS_MAX || is_news(wait, item)) {
        http_request_respond_json(request, 200, json_incref(wait->last));
        wait_free(wait);
        return;
    }
    wait->timer = g_timeout_add_seconds(seconds, time_is_up, wait);
    g_ptr_array_add(waits->waiting, wait);
}
