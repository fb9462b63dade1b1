/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/api/desktop-figures.h"

typedef struct {
    const char *name, *type, *help;
    const char *members[3]; /* of the display's figures, added up */
    double scale;
    const char *part; /* the object in the figures that they are in; NULL: the figures themselves */
} Metric;

static const Metric metrics[] = {
    {"oriel_desktop_clients",
     "gauge",
     "Viewers of a desktop.",
     {"vnc_clients", "spice_clients"},
     1},
    {"oriel_desktop_frames_total", "counter", "Frames shown to viewers.", {"frames"}, 1},
    {"oriel_desktop_updates_total", "counter", "Updates sent to viewers.", {"updates"}, 1},
    {"oriel_desktop_merged_total",
     "counter",
     "Changes that a newer one overtook before they were sent.",
     {"merged"},
     1},
    {"oriel_desktop_sent_bytes_total", "counter", "Bytes sent to viewers.", {"bytes"}, 1},
    {"oriel_desktop_damage_seconds_total",
     "counter",
     "Time spent on finding what changed.",
     {"damage_us"},
     1e-6},
    {"oriel_desktop_encode_seconds_total",
     "counter",
     "Time until updates were encoded.",
     {"encode_us"},
     1e-6},
    {"oriel_desktop_network_sent_bytes_total",
     "counter",
     "Bytes that a desktop sent to its network.",
     {"sent_bytes"},
     1,
     "network"},
    {"oriel_desktop_network_received_bytes_total",
     "counter",
     "Bytes that a desktop received from its network.",
     {"received_bytes"},
     1,
     "network"},
};

typedef struct {
    GString *lines[G_N_ELEMENTS(metrics)];
    guint waiting; /* answers, and one for the asking itself */
    DesktopFiguresDone done;
    gpointer user;
} Asking;

typedef struct {
    Asking *asking;
    char *desktop;
} Call;

static void
finish_one(Asking *asking)
{
    GString *text;

    if (--asking->waiting)
        return;
    text = g_string_new(NULL);
    for (guint i = 0; i < G_N_ELEMENTS(metrics); i++) {
        g_string_append_printf(text, "# HELP %s %s\n# TYPE %s %s\n", metrics[i].name,
                               metrics[i].help, metrics[i].name, metrics[i].type);
        g_string_append_len(text, asking->lines[i]->str, (gssize)asking->lines[i]->len);
        g_string_free(asking->lines[i], TRUE);
    }
    asking->done(g_string_free(text, FALSE), asking->user);
    g_free(asking);
}

static void
answered(const json_t *figures, const GError *error, gpointer user)
{
    Call *call = user;

    for (guint i = 0; figures && i < G_N_ELEMENTS(metrics); i++) {
        char number[G_ASCII_DTOSTR_BUF_SIZE];
        const char *part = metrics[i].part;
        const json_t *from = part ? json_object_get(figures, part) : figures;
        json_int_t sum = 0;

        for (const char *const *member = metrics[i].members; *member; member++)
            sum += json_integer_value(json_object_get(from, *member));
        g_ascii_formatd(number, sizeof number, metrics[i].scale < 1 ? "%.6f" : "%.0f",
                        (double)sum * metrics[i].scale);
        g_string_append_printf(call->asking->lines[i], "%s{desktop=\"%s\"} %s\n", metrics[i].name,
                               call->desktop, number);
    }
    finish_one(call->asking);
    g_free(call->desktop);
    g_free(call);
}

static void
ask_host(HostLink *link, Asking *asking)
{
    const char *id;
    json_t *desktop;

    json_object_foreach((json_t *)host_link_desktops(link), id, desktop)
    {
        const char *state = json_string_value(json_object_get(desktop, "state"));

        /* An id is a label's value: only what can be one. */
        if (g_strcmp0(state, "ready") != 0 || !g_uuid_string_is_valid(id) ||
            asking->waiting > DESKTOP_FIGURES_MAX)
            continue;
        Call *call = g_new0(Call, 1);
        call->asking = asking;
        call->desktop = g_strdup(id);
        asking->waiting++;
        host_link_call(link, "desktop.stats", json_pack("{s:s}", "desktop", id), answered, call);
    }
}

void
desktop_figures_ask(HostSet *hosts, DesktopFiguresDone done, gpointer user)
{
    Asking *asking = g_new0(Asking, 1);
    GPtrArray *links = host_set_links(hosts);

    asking->waiting = 1;
    asking->done = done;
    asking->user = user;
    for (guint i = 0; i < G_N_ELEMENTS(metrics); i++)
        asking->lines[i] = g_string_new(NULL);
    for (guint i = 0; i < links->len; i++)
        ask_host(g_ptr_array_index(links, i), asking);
    finish_one(asking);
}
