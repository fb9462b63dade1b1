/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/care/spares.h"

#include "broker/care/templates.h"
#include "broker/desktop-maker.h"
#include "broker/policy/spares.h"

/* So many pools are more than any broker has. */
#define ALL_POOLS 10000
/* After one failed, or could not be made, the pool's next one is tried so much later. */
#define RETRY_SECONDS 60
/* So many of a pool start at a time: who asks meanwhile wants a host's attention too. */
#define STARTING_MAX 2

struct SpareCare {
    Store *store;
    HostSet *hosts;
    SessionBook *sessions;
    GHashTable *not_before; /* pool id → gint64 *, when the next spare may be made */
};

SpareCare *
spare_care_new(Store *store, HostSet *hosts, SessionBook *sessions)
{
    SpareCare *care = g_new0(SpareCare, 1);

    care->store = store;
    care->hosts = hosts;
    care->sessions = sessions;
    care->not_before = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return care;
}

void
spare_care_free(SpareCare *care)
{
    if (!care)
        return;
    g_hash_table_unref(care->not_before);
    g_free(care);
}

static const char *
state_of(SpareCare *care, const Desktop *desktop)
{
    HostLink *link = host_set_find(care->hosts, desktop->host);
    const json_t *reported = link ? host_link_desktop(link, desktop->id) : NULL;

    return json_string_value(json_object_get(reported, "state"));
}

static void
hold_back(SpareCare *care, const Pool *pool, gint64 now)
{
    gint64 *when = g_new(gint64, 1);

    *when = now + RETRY_SECONDS;
    g_hash_table_replace(care->not_before, g_strdup(pool->id), when);
}

static gboolean
is_held_back(SpareCare *care, const Pool *pool, gint64 now)
{
    const gint64 *when = g_hash_table_lookup(care->not_before, pool->id);
    return when && now < *when;
}

static void
drop(SpareCare *care, const Desktop *spare)
{
    g_autoptr(GError) error = NULL;

    if (!session_book_delete_desktop(care->sessions, spare, &error))
        g_warning("Spare %s: %s", spare->id, error->message);
}

/* Throws away what nobody should get; *starting: how many of those that stay are not ready yet. */
static guint
sort_out(SpareCare *care, const Pool *pool, GPtrArray *spares, guint *starting, gint64 now)
{
    *starting = 0;
    for (guint i = spares->len; i > 0; i--) {
        const Desktop *spare = g_ptr_array_index(spares, i - 1);
        const char *state = state_of(care, spare);
        /* One that sleeps would keep its user waiting longer than a clone. */
        gboolean failed = g_strcmp0(state, "failed") == 0 || g_strcmp0(state, "stopped") == 0 ||
                          g_strcmp0(state, "suspended") == 0;
        if (failed)
            hold_back(care, pool, now);
        if (failed || !g_str_equal(spare->image, pool->image) || spare->cpus != pool->cpus ||
            spare->memory_mib != pool->memory_mib) {
            drop(care, spare);
            g_ptr_array_remove_index(spares, i - 1);
        } else if (g_strcmp0(state, "ready") != 0) {
            ++*starting;
        }
    }
    return spares->len;
}

/* What the pool's hosts say they hold; *wait: a template is being made that spares come from. */
static gint64
ask_hosts(SpareCare *care, const Pool *pool, gboolean *wait)
{
    GPtrArray *links = host_set_links(care->hosts);
    gint64 fits = 0;

    *wait = FALSE;
    for (guint i = 0; i < links->len; i++) {
        HostLink *link = g_ptr_array_index(links, i);
        if (!host_link_is_up(link) || !template_care_serves(link, pool))
            continue;
        const json_t *more = json_object_get(host_link_info(link), "desktops_fit");
        fits = fits < 0 || !json_is_integer(more) ? -1 : fits + json_integer_value(more);
        g_autofree char *name =
            pool_clones(pool) ? desktop_maker_template(link, pool, pool->image) : NULL;
        const json_t *template = name ? host_link_item(link, HOST_TEMPLATES, name) : NULL;
        const char *state = json_string_value(json_object_get(template, "state"));
        if (name && g_strcmp0(state, "ready") != 0 && g_strcmp0(state, "failed") != 0)
            *wait = TRUE;
    }
    return fits;
}

static gboolean
make_one(SpareCare *care, const Pool *pool, gint64 now)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Why) why = why_new();
    g_autoptr(Desktop) spare = NULL;

    if (!store_begin(care->store, &error))
        return FALSE;
    spare = desktop_maker_make(care->store, care->hosts, NULL, pool, why, &error);
    if (!store_end(care->store, spare != NULL, spare ? &error : NULL)) {
        g_message("Pool “%s” gets no spare now: %s", pool->name, error->message);
        hold_back(care, pool, now);
        return FALSE;
    }
    session_book_send_create(care->sessions, spare);
    return TRUE;
}

static void
see_to_pool(SpareCare *care, const Pool *pool, gint64 now)
{
    g_autoptr(GPtrArray) spares = desktop_list_spares(care->store, pool->id, NULL);
    SpareFacts facts = {.minimum = pool_can_spare(pool) ? pool->spares : 0,
                        .maximum = pool->maximum};
    gboolean wait;
    guint starting;

    if (!spares || (spares->len == 0 && facts.minimum == 0))
        return;
    facts.spares = sort_out(care, pool, spares, &starting, now);
    facts.fits = ask_hosts(care, pool, &wait);
    if (facts.fits > 0) /* those that are starting are not counted by their host yet */
        facts.fits = MAX(facts.fits - (gint64)starting, 0);
    if (!session_peak_of_pool(care->store, pool->id, now - SPARES_MEMORY_SECONDS, &facts.peak,
                              NULL) ||
        !desktop_count_of_pool(care->store, pool->id, &facts.in_use, NULL))
        return;
    facts.in_use -= facts.spares;

    gint64 wanted = spares_wanted(&facts);
    for (gint64 i = facts.spares; i > wanted; i--)
        drop(care, g_ptr_array_index(spares, i - 1));
    if (wait || is_held_back(care, pool, now))
        return;
    for (gint64 i = facts.spares; i < wanted && starting < STARTING_MAX; i++, starting++)
        if (!make_one(care, pool, now))
            return;
}

void
spare_care_run(SpareCare *care, gint64 now)
{
    Page all = {.limit = ALL_POOLS};
    g_autoptr(GPtrArray) pools = pool_list(care->store, &all, NULL);

    for (guint i = 0; pools && i < pools->len; i++)
        see_to_pool(care, g_ptr_array_index(pools, i), now);
}
