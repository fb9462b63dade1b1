/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "viewer/stats-overlay.h"

#include "oriel-config.h"

#include <glib/gi18n.h>

struct StatsOverlay {
    GtkLabel *label;
    DesktopLink *link;
    guint timer;
    guint64 bytes;
    gint64 time_us;
};

static gboolean
update(gpointer user)
{
    StatsOverlay *overlay = user;
    Display *display = desktop_link_display(overlay->link);
    DisplayStats stats = {0};
    gint64 now = g_get_monotonic_time();
    if (display)
        display_stats(display, &stats);
    /* A new connection counts from nothing. */
    guint64 read =
        stats.bytes_read >= overlay->bytes ? stats.bytes_read - overlay->bytes : stats.bytes_read;
    double seconds = (double)(now - overlay->time_us) / G_USEC_PER_SEC;
    g_autofree char *rate = g_format_size(seconds > 0 ? (guint64)((double)read / seconds) : 0);
    g_autofree char *total = g_format_size(stats.bytes_read);
    g_autofree char *text = g_strdup_printf(_("%u × %u\n%s/s, %s in all\n%u channels"), stats.width,
                                            stats.height, rate, total, stats.channels);
    gtk_label_set_text(overlay->label, text);
    overlay->bytes = stats.bytes_read;
    overlay->time_us = now;
    return G_SOURCE_CONTINUE;
}

StatsOverlay *
stats_overlay_new(GtkLabel *label, DesktopLink *link)
{
    StatsOverlay *overlay = g_new0(StatsOverlay, 1);
    overlay->label = label;
    overlay->link = link;
    overlay->time_us = g_get_monotonic_time();
    update(overlay);
    overlay->timer = g_timeout_add_seconds(1, update, overlay);
    return overlay;
}

void
stats_overlay_free(StatsOverlay *overlay)
{
    if (!overlay)
        return;
    g_source_remove(overlay->timer);
    g_free(overlay);
}
