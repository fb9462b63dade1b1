/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "viewer/stats-text.h"

#include "oriel-config.h"

#include <glib/gi18n.h>

static json_int_t
number(const json_t *object, const char *name)
{
    return MAX(json_integer_value(json_object_get(object, name)), 0);
}

/* How much a counter grew; 0 when there is nothing to compare with, or it began anew. */
static double
grown(const json_t *stats, const json_t *before, const char *name)
{
    json_int_t now = number(stats, name), then = number(before, name);

    return before && now > then ? (double)(now - then) : 0;
}

static void
add_work(GString *text, const json_t *stats, const json_t *before, double seconds)
{
    double updates = grown(stats, before, "updates");
    g_autofree char *rate =
        g_format_size((guint64)(grown(stats, before, "bytes") / MAX(seconds, 0.001)));

    g_string_append_printf(text, _("\nSent: %.0f updates/s, %s/s"), updates / MAX(seconds, 0.001),
                           rate);
    if (updates > 0 && grown(stats, before, "encode_us") > 0)
        g_string_append_printf(text, _("\nEncoding: %.1f ms an update"),
                               grown(stats, before, "encode_us") / updates / 1000);
    if (grown(stats, before, "merged") > 0)
        g_string_append_printf(text, _("\nOvertaken: %.0f changes"),
                               grown(stats, before, "merged"));
}

static void
add_viewer(GString *text, const json_t *viewer)
{
    const char *encoding = json_string_value(json_object_get(viewer, "encoding"));
    json_t *quality = json_object_get(viewer, "quality");

    g_string_append_c(text, '\n');
    g_string_append(text,
                    g_strcmp0(json_string_value(json_object_get(viewer, "protocol")), "vnc") == 0
                        ? "VNC"
                        : "SPICE");
    if (encoding && g_utf8_strlen(encoding, -1) < 32)
        g_string_append_printf(text, ", %s", encoding);
    if (number(viewer, "round_trip_us"))
        g_string_append_printf(text, _(", %.0f ms"),
                               (double)number(viewer, "round_trip_us") / 1000);
    if (number(viewer, "bandwidth"))
        g_string_append_printf(text, _(", %.1f Mbit/s"),
                               (double)number(viewer, "bandwidth") * 8 / 1e6);
    if (json_is_integer(quality) && json_integer_value(quality) >= 0)
        g_string_append_printf(text, _(", quality %d of 9"),
                               (int)MIN(json_integer_value(quality), 9));
}

char *
stats_text(const json_t *stats, const json_t *before, double seconds)
{
    GString *text = g_string_new(NULL);
    json_t *viewer;
    size_t i;

    g_string_printf(text, "%" JSON_INTEGER_FORMAT " × %" JSON_INTEGER_FORMAT,
                    number(stats, "width"), number(stats, "height"));
    add_work(text, stats, before, seconds);
    json_array_foreach(json_object_get(stats, "clients"), i, viewer)
    {
        if (i == 4) /* the box stays small */
            break;
        add_viewer(text, viewer);
    }
    return g_string_free(text, FALSE);
}
