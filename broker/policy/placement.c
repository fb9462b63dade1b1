/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/policy/placement.h"

#include "common/error.h"

/* The reasons a host is out, from the one that passes soonest; the nearest miss is what the user is
 * told. */
typedef enum { SUITABLE, NO_MEMORY, NO_DISK, AWAY, NO_IMAGE, NOT_ASKED } Verdict;

static Verdict
judge(const Pool *pool, const char *home, const PlacementHost *host, Why *why)
{
    gint64 free_mib = MAX(host->memory_free_mib - host->reserved_mib, 0);

    if (*pool->host && !g_str_equal(pool->host, host->name)) {
        why_add(why, "no", "Host “%s”: the pool is bound to host “%s”.", host->name, pool->host);
        return NOT_ASKED;
    }
    if (home && !g_str_equal(home, host->name)) {
        why_add(why, "no", "Host “%s”: the user's home is on host “%s”.", host->name, home);
        return NOT_ASKED;
    }
    if (host->problem) {
        why_add(why, "no", "Host “%s” is away: %s", host->name, host->problem);
        return AWAY;
    }
    if (!host->image_state || !g_str_equal(host->image_state, "ready")) {
        why_add(why, "no", "Host “%s”: the image “%s” is %s there.", host->name, pool->image,
                host->image_state ? host->image_state : "not");
        return NO_IMAGE;
    }
    if (host->disk_full) {
        why_add(why, "no", "Host “%s”: its disk is nearly full.", host->name);
        return NO_DISK;
    }
    if (host->memory_free_mib >= 0 && free_mib < pool->memory_mib) {
        why_add(why, "no",
                "Host “%s”: %" G_GINT64_FORMAT " MiB of memory are free (%" G_GINT64_FORMAT
                " are kept for desktops that are starting), %" G_GINT64_FORMAT " are needed.",
                host->name, free_mib, host->reserved_mib, pool->memory_mib);
        return NO_MEMORY;
    }
    why_add(why, "yes", "Host “%s” has the image “%s” and %" G_GINT64_FORMAT " MiB of free memory.",
            host->name, pool->image, free_mib);
    return SUITABLE;
}

static void
refuse(const Pool *pool, Verdict nearest, GError **error)
{
    switch (nearest) {
    case NO_MEMORY:
        g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_BUSY,
                            "The memory of all hosts is in use. Try again when somebody has"
                            " logged off.");
        break;
    case NO_DISK:
        g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_NO_SPACE,
                            "The disks of all hosts are nearly full: there are no new desktops"
                            " until an administrator makes room.");
        break;
    case AWAY:
        g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_UNAVAILABLE,
                            "No host that could run this desktop is there at the moment.");
        break;
    case NO_IMAGE:
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_REFUSED,
                    "No host has the image “%s” ready that this desktop starts from.", pool->image);
        break;
    default:
        g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_UNAVAILABLE,
                            "No host is configured for this desktop.");
        break;
    }
}

static gboolean
is_better(const PlacementHost *host, const PlacementHost *than)
{
    if (host->template_ready != than->template_ready)
        return host->template_ready;
    return host->memory_free_mib - host->reserved_mib > than->memory_free_mib - than->reserved_mib;
}

int
placement_choose(const Pool *pool, const char *home, const PlacementHost *hosts, guint n_hosts,
                 Why *why, GError **error)
{
    Verdict nearest = NOT_ASKED;
    int best = -1;

    for (guint i = 0; i < n_hosts; i++) {
        Verdict verdict = judge(pool, home, &hosts[i], why);
        nearest = MIN(nearest, verdict);
        if (verdict == SUITABLE && (best < 0 || is_better(&hosts[i], &hosts[best])))
            best = i;
    }
    if (best < 0) {
        refuse(pool, nearest, error);
        return -1;
    }
    why_add(why, "chosen", "Host “%s” was chosen: it has %s.", hosts[best].name,
            home                         ? "the user's home"
            : hosts[best].template_ready ? "the template ready"
                                         : "the most free memory");
    return best;
}
