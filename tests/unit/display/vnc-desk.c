/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vnc-desk.h"

#include <string.h>
#include <sys/socket.h>

static void
on_changed(gpointer user)
{
    pipeline_wake(((VncDesk *)user)->pipeline);
}

static void
on_wants_frame(gpointer user)
{
    pipeline_wake(((VncDesk *)user)->pipeline);
}

static void
on_resize_wanted(int width, int height, gpointer user)
{
    VncDesk *desk = user;
    desk->wished_width = width;
    desk->wished_height = height;
}

static void
on_clients_changed(gpointer user)
{
}

static const SinkEvents sink_events = {on_wants_frame, on_resize_wanted, on_clients_changed};

static void
on_key(gpointer user, guint qnum, gboolean down)
{
    g_string_append_printf(((VncDesk *)user)->keys, "%c%02x ", down ? '+' : '-', qnum);
}

static void
on_pointer(gpointer user, int x, int y)
{
    g_string_append_printf(((VncDesk *)user)->keys, "@%d,%d ", x, y);
}

static void
on_button(gpointer user, InputButton button, gboolean down)
{
    g_string_append_printf(((VncDesk *)user)->keys, "b%d%c ", (int)button, down ? '+' : '-');
}

static const InputSink input_sink = {on_key, on_pointer, on_button};

static void
on_size(int width, int height, gpointer user)
{
    input_set_screen(((VncDesk *)user)->input, width, height);
}

VncDesk *
vnc_desk_new(int width, int height)
{
    VncDesk *desk = g_new0(VncDesk, 1);
    desk->surface = surface_new(on_changed, desk);
    desk->pipeline = pipeline_new(desk->surface, on_size, desk);
    desk->input = input_new();
    input_set_sink(desk->input, &input_sink, desk);
    desk->clipboard = clipboard_new();
    desk->keys = g_string_new(NULL);
    SinkContext context = {.input = desk->input,
                           .clipboard = desk->clipboard,
                           .events = &sink_events,
                           .user = desk,
                           .name = "desk"};
    desk->sink = sink_vnc.open(&context, NULL);
    pipeline_add_sink(desk->pipeline, &sink_vnc, desk->sink);
    vnc_desk_resize(desk, width, height);
    return desk;
}

void
vnc_desk_free(VncDesk *desk)
{
    sink_vnc.close(desk->sink);
    pipeline_free(desk->pipeline);
    surface_free(desk->surface);
    clipboard_free(desk->clipboard);
    input_free(desk->input);
    g_string_free(desk->keys, TRUE);
    g_free(desk->pixels);
    g_free(desk);
}

void
vnc_desk_resize(VncDesk *desk, int width, int height)
{
    g_free(desk->pixels);
    desk->pixels = g_new0(guint32, (gsize)width * (gsize)height);
    desk->width = width;
    desk->height = height;
    g_assert_true(surface_resize(desk->surface, width, height));
}

static guint32
pixel_at(int x, int y, guint seed, GRand *rand)
{
    int third = (x * 4 / 320 + y / 160 + (int)seed) % 4;
    if (third == 0)
        return 0xff000000u | (seed * 0x10305u & 0xffffffu); /* solid */
    if (third == 1)                                         /* text */
        return (x * 7 + y * 13 + (int)seed * 5) % 11 < 4 ? 0x00101010u : 0x00f8f8f0u;
    if (third == 2) /* like a photograph */
        return (guint32)(((x + (int)seed) & 0xff) << 16 | (y & 0xff) << 8 | ((x + y) / 2 & 0xff)) ^
               (g_rand_int(rand) & 0x030303);
    return (x / 3 + (int)seed) % 40 < 3          ? 0x00cc2200u
           : g_rand_int_range(rand, 0, 400) == 0 ? 0xab00ff00u
                                                 : 0x00334455u;
}

void
vnc_desk_paint(VncDesk *desk, guint seed)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
    for (int y = 0; y < desk->height; y++)
        for (int x = 0; x < desk->width; x++)
            desk->pixels[y * desk->width + x] = pixel_at(x, y, seed, rand);
}

static guint32
content_at(int x, int y, int content, GRand *rand)
{
    switch (content) {
    case 0: /* noise */
        return g_rand_int(rand) & 0xffffff;
    case 1: /* gradients that wrap */
        return (guint32)((x * 3 & 0xff) << 16 | (y * 5 & 0xff) << 8 | ((x + y) & 0xff));
    case 2: /* two colours */
        return (x * x + y * 3) % 7 < 3 ? 0x00102030u : 0x00fffff0u;
    case 3: /* some */
        return (guint32)((x / 2 + y) % 13) * 0x00111315u;
    case 4: /* many, in runs */
        return (guint32)((x / 5 * 7 + y / 3) % 120) * 0x00020201u;
    default:
        return 0x00a0b0c0u;
    }
}

void
vnc_desk_paint_all(VncDesk *desk, int content)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(1);
    for (int y = 0; y < desk->height; y++)
        for (int x = 0; x < desk->width; x++)
            desk->pixels[y * desk->width + x] = content_at(x, y, content, rand);
}

void
vnc_desk_show(VncDesk *desk, int x, int y, int w, int h)
{
    const guint32 *from = desk->pixels + y * desk->width + x;
    gsize stride = (gsize)desk->width * 4;
    g_assert_true(surface_write(desk->surface, x, y, w, h, (const guint8 *)from, stride,
                                stride * (gsize)(h - 1) + (gsize)w * 4));
}

int
vnc_desk_connect(VncDesk *desk)
{
    int pair[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
    g_assert_true(sink_vnc.add_client(desk->sink, pair[0], NULL));
    return pair[1];
}

static gboolean
on_tick(gpointer user)
{
    return G_SOURCE_CONTINUE;
}

double
vnc_desk_patience(void)
{
    const char *factor = g_getenv("ORIEL_PATIENCE");
    return factor ? MAX(g_ascii_strtod(factor, NULL), 1) : 1;
}

gboolean
vnc_desk_wait(gboolean (*condition)(gpointer user), gpointer user, double seconds)
{
    gint64 end = g_get_monotonic_time() + (gint64)(seconds * vnc_desk_patience() * 1e6);
    guint tick = g_timeout_add(10, on_tick, NULL); /* other threads change what is waited for */
    gboolean come;
    while (!(come = condition(user)) && g_get_monotonic_time() < end)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(tick);
    return come;
}

typedef struct {
    VncDesk *desk;
    VncViewer *viewer;
    int wrong; /* the row that was wrong the last time: it is asked first */
    gboolean right;
} Shown;

static gboolean
is_shown(gpointer user)
{
    Shown *shown = user;
    VncDesk *desk = shown->desk;
    int wrong = vnc_viewer_wrong_row(shown->viewer, desk->pixels, desk->width, desk->width,
                                     desk->height, shown->wrong);
    shown->wrong = wrong >= 0 && wrong < desk->height ? wrong : shown->wrong;
    shown->right = wrong == desk->height;
    return shown->right || vnc_viewer_failed(shown->viewer);
}

void
vnc_desk_assert_shown(VncDesk *desk, VncViewer *viewer, const char *what)
{
    Shown shown = {.desk = desk, .viewer = viewer};
    vnc_desk_wait(is_shown, &shown, 20);
    if (shown.right)
        return;
    json_t *object = json_object();
    sink_vnc.stats(desk->sink, object);
    g_autofree char *stats = json_dumps(object, 0);
    g_test_message("%s", stats);
    json_decref(object);
    g_error("%s: row %d of %dx%d is wrong%s", what, shown.wrong, desk->width, desk->height,
            vnc_viewer_failed(viewer) ? ", connection lost" : "");
}
