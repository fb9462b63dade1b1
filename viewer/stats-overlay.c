/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "viewer/stats-overlay.h"

#include "oriel-config.h"
#include "viewer/stats-text.h"

#include <glib/gi18n.h>

struct StatsOverlay {
    GtkLabel *label;
    DesktopLink *link;
    guint timer;
    guint64 bytes; /* of our own connection */
    gint64 time_us;
    GCancellable *cancellable;
    gboolean asking;
    json_t *figures; /* the display's, as the broker last answered; NULL: none */
    char *text;      /* what they say */
    gint64 figures_us;
};

static void
show(StatsOverlay *overlay, guint64 rate)
{
    Display *display = desktop_link_display(overlay->link);
    DisplayStats stats = {0};

    if (display)
        display_stats(display, &stats);
    g_autofree char *speed = g_format_size(rate);
    g_autofree char *total = g_format_size(stats.bytes_read);
    g_autofree char *own =
        g_strdup_printf(_("Received: %s/s, %s in all\n%u channels"), speed, total, stats.channels);
    g_autofree char *size = g_strdup_printf("%u × %u", stats.width, stats.height);
    g_autofree char *text = g_strdup_printf("%s\n%s", overlay->text ? overlay->text : size, own);
    gtk_label_set_text(overlay->label, text);
}

static void
on_figures(GObject *source, GAsyncResult *result, gpointer user)
{
    StatsOverlay *overlay = user;
    g_autoptr(GError) error = NULL;
    json_t *figures = rest_client_call_finish(REST_CLIENT(source), result, NULL, &error);
    gint64 now = g_get_monotonic_time();

    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return; /* overlay is gone */
    overlay->asking = FALSE;
    g_clear_pointer(&overlay->text, g_free);
    if (figures)
        overlay->text = stats_text(figures, overlay->figures,
                                   (double)(now - overlay->figures_us) / G_USEC_PER_SEC);
    json_decref(overlay->figures);
    overlay->figures = figures;
    overlay->figures_us = now;
}

/* The broker knows what the display counts; a connection from a file alone has no broker to ask. */
static void
ask(StatsOverlay *overlay)
{
    Connector *connector = desktop_link_connector(overlay->link);

    if (overlay->asking || !connector || !connector_session(connector))
        return;
    g_autofree char *path =
        g_strdup_printf("/api/v1/sessions/%s/stats", connector_session(connector));
    overlay->asking = TRUE;
    rest_client_call_async(connector_client(connector), "GET", path, NULL, 10, overlay->cancellable,
                           on_figures, overlay);
}

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
    overlay->bytes = stats.bytes_read;
    overlay->time_us = now;
    show(overlay, seconds > 0 ? (guint64)((double)read / seconds) : 0);
    ask(overlay);
    return G_SOURCE_CONTINUE;
}

StatsOverlay *
stats_overlay_new(GtkLabel *label, DesktopLink *link)
{
    StatsOverlay *overlay = g_new0(StatsOverlay, 1);

    overlay->label = label;
    overlay->link = link;
    overlay->cancellable = g_cancellable_new();
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
    g_cancellable_cancel(overlay->cancellable);
    g_object_unref(overlay->cancellable);
    json_decref(overlay->figures);
    g_free(overlay->text);
    g_free(overlay);
}
