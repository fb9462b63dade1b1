/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "screen-hash.h"
#include "vnc-desk.h"

#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const VncViewerOptions settings[] = {
    {"tight", -1, 4, FALSE},   {"tight", 6, 4, FALSE},    {"tight", -1, 4, TRUE},
    {"tight", -1, 2, FALSE},   {"tight", -1, 1, FALSE},   {"zrle", -1, 4, FALSE},
    {"zrle", -1, 2, FALSE},    {"zrle", -1, 1, FALSE},    {"zlib", -1, 4, FALSE},
    {"zlib", -1, 2, FALSE},    {"raw", -1, 4, FALSE},     {"raw", -1, 4, TRUE},
    {"raw", -1, 2, FALSE},     {"hextile", -1, 4, FALSE}, {"hextile", -1, 4, TRUE},
    {"hextile", -1, 2, FALSE}, {"hextile", -1, 1, FALSE}, {"raw", -1, 1, FALSE},
};

typedef struct {
    VncViewer *viewer;
    const char *expected;
} Shot;

static char *
describe(const VncViewerOptions *options)
{
    return g_strdup_printf("%s, quality %d, %d bytes%s", options->encodings, options->quality,
                           options->bytes, options->reversed ? ", reversed" : "");
}

/* Every pixel, through every encoding, after full and partial changes. */
static void
test_pixels(gconstpointer data)
{
    const VncViewerOptions *options = data;
    g_autofree char *what = describe(options);
    VncDesk *desk = vnc_desk_new(1001, 613); /* no multiple of anything */
    vnc_desk_paint(desk, 1);
    vnc_desk_show(desk, 0, 0, desk->width, desk->height);
    VncViewer *viewer = vnc_viewer_new(vnc_desk_connect(desk), options);
    vnc_desk_assert_shown(desk, viewer, what);
    for (guint seed = 2; seed < 6; seed++) {
        vnc_desk_paint(desk, seed);
        vnc_desk_show(desk, 0, 0, desk->width, desk->height);
        vnc_desk_assert_shown(desk, viewer, what);
    }
    for (int i = 0; i < 20; i++) {
        desk->pixels[(37 * i % 613) * desk->width + 61 * i % 1001] ^= 0x00ffffffu;
        vnc_desk_show(desk, 0, 37 * i % 613, desk->width, 1);
    }
    vnc_desk_assert_shown(desk, viewer, what);
    vnc_viewer_free(viewer);
    vnc_desk_free(desk);
}

/* Screens of odd and tiny sizes, of one kind of content each. */
static void
test_sizes(gconstpointer data)
{
    static const int sizes[][2] = {{1, 1}, {17, 1}, {33, 31}, {2300, 20}};
    const VncViewerOptions *options = data;
    g_autofree char *what = describe(options);
    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        VncDesk *desk = vnc_desk_new(sizes[i][0], sizes[i][1]);
        VncViewer *viewer = vnc_viewer_new(vnc_desk_connect(desk), options);
        for (int content = 0; content < VNC_DESK_CONTENTS; content++) {
            vnc_desk_paint_all(desk, content);
            vnc_desk_show(desk, 0, 0, desk->width, desk->height);
            vnc_desk_assert_shown(desk, viewer, what);
        }
        vnc_viewer_free(viewer);
        vnc_desk_free(desk);
    }
}

static void
test_together(void)
{
    VncDesk *desk = vnc_desk_new(800, 600);
    VncViewer *viewers[G_N_ELEMENTS(settings)];
    for (guint i = 0; i < G_N_ELEMENTS(settings); i++)
        viewers[i] = vnc_viewer_new(vnc_desk_connect(desk), &settings[i]);
    for (guint seed = 1; seed < 5; seed++) {
        vnc_desk_paint(desk, seed);
        vnc_desk_show(desk, 0, 0, desk->width, desk->height);
        for (guint i = 0; i < G_N_ELEMENTS(settings); i++)
            vnc_desk_assert_shown(desk, viewers[i], settings[i].encodings);
    }
    for (guint i = 0; i < G_N_ELEMENTS(settings); i++)
        vnc_viewer_free(viewers[i]);
    vnc_desk_free(desk);
}

static void
test_resize(void)
{
    VncDesk *desk = vnc_desk_new(640, 480);
    VncViewer *a = vnc_viewer_new(vnc_desk_connect(desk), &settings[0]),
              *b = vnc_viewer_new(vnc_desk_connect(desk), &settings[10]);
    const int sizes[][2] = {{1024, 768}, {333, 201}, {1920, 1080}, {16, 16}};
    vnc_desk_assert_shown(desk, a, "before");
    vnc_desk_assert_shown(desk, b, "before");
    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        vnc_desk_resize(desk, sizes[i][0], sizes[i][1]);
        vnc_desk_paint(desk, i);
        vnc_desk_show(desk, 0, 0, desk->width, desk->height);
        vnc_desk_assert_shown(desk, a, "tight after resize");
        vnc_desk_assert_shown(desk, b, "raw after resize");
    }
    vnc_viewer_free(a);
    vnc_viewer_free(b);
    vnc_desk_free(desk);
}

/* Clients that change their minds while the screen changes, and its size now and then: what a
 * client's decoders remember from encoding to encoding stays right. (Not zlib with ZRLE: to
 * libvncclient both are one stream.) */
static void
test_changing(void)
{
    static const char *const lists[] = {"zrle",    "tight copyrect", "hextile", "zrle copyrect",
                                        "hextile", "tight copyrect", "raw",     "zrle"};
    VncDesk *desk = vnc_desk_new(640, 480);
    VncViewer *viewers[] = {vnc_viewer_new(vnc_desk_connect(desk), &settings[5]),
                            vnc_viewer_new(vnc_desk_connect(desk), &settings[1]),
                            vnc_viewer_new(vnc_desk_connect(desk), &settings[13])};
    for (guint i = 0; i < 40; i++) {
        if (i % 13 == 12)
            vnc_desk_resize(desk, 300 + (int)i * 17, 200 + (int)i * 11);
        vnc_desk_paint(desk, i);
        vnc_desk_show(desk, 0, 0, desk->width, desk->height);
        for (guint j = 0; j < G_N_ELEMENTS(viewers); j++)
            vnc_viewer_encodings(viewers[j], lists[(i + 3 * j) % G_N_ELEMENTS(lists)],
                                 (i + j) % 3 ? -1 : (int)(i % 10));
        if (i % 2) /* else in the midst of it */
            vnc_desk_assert_shown(desk, viewers[i % G_N_ELEMENTS(viewers)], "changing");
    }
    for (guint j = 0; j < G_N_ELEMENTS(viewers); j++) {
        vnc_desk_assert_shown(desk, viewers[j], "changed");
        vnc_viewer_free(viewers[j]);
    }
    vnc_desk_free(desk);
}

/* A screen of one colour is few operations; as raw pixels it is more than a client's queue holds.
 */
static void
test_solid(void)
{
    VncDesk *desk = vnc_desk_new(2048, 1400);
    VncViewer *viewer;
    for (int i = 0; i < desk->width * desk->height; i++)
        desk->pixels[i] = 0x336699;
    vnc_desk_show(desk, 0, 0, desk->width, desk->height);
    viewer = vnc_viewer_new(vnc_desk_connect(desk), &settings[10]);
    vnc_desk_assert_shown(desk, viewer, "one colour, raw");
    vnc_viewer_free(viewer);
    vnc_desk_free(desk);
}

/* A member of what is counted of a client, by its place among them. */
static json_int_t
counted(VncDesk *desk, size_t client, const char *name)
{
    json_t *object = json_object(), *value;
    json_int_t number;
    sink_vnc.stats(desk->sink, object);
    value = json_object_get(json_array_get(json_object_get(object, "vnc"), client), name);
    number = json_is_true(value) ? 1 : json_integer_value(value);
    json_decref(object);
    return number;
}

static gboolean
is_settled(gpointer user)
{
    VncDesk *desk = user;
    return counted(desk, 0, "settled") == 1 && sink_vnc.progress(desk->sink) == SINK_SETTLED;
}

static gboolean
has_hash(gpointer user)
{
    Shot *shot = user;
    g_autofree char *hash = vnc_viewer_hash(shot->viewer);
    return g_strcmp0(hash, shot->expected) == 0;
}

/* The display itself says when its clients are exact, and a hash proves it; not so while what was
 * sent with loss has not become sharp. */
static void
test_hash(void)
{
    VncDesk *desk = vnc_desk_new(1001, 613);
    vnc_desk_paint(desk, 1);
    vnc_desk_show(desk, 0, 0, desk->width, desk->height);
    VncViewer *viewer = vnc_viewer_new(vnc_desk_connect(desk), &settings[1]);
    for (guint seed = 2; seed < 5; seed++) {
        vnc_desk_paint(desk, seed);
        vnc_desk_show(desk, 0, 0, desk->width, desk->height);
        vnc_desk_assert_shown(desk, viewer, "hash");
        g_assert_true(vnc_desk_wait(is_settled, desk, 20));
        g_autofree char *expected = screen_hash(pipeline_frame(desk->pipeline));
        Shot shot = {viewer, expected};
        g_assert_true(vnc_desk_wait(has_hash, &shot, 20));
        g_assert_cmpint(counted(desk, 0, "lossy_bytes"), >, 0);
    }
    vnc_viewer_free(viewer);
    vnc_desk_free(desk);
}

/* Scrolls a part of the screen, and writes some of the line that comes in. */
static void
scroll(VncDesk *desk, int lines)
{
    int width = 640, top = 40, bottom = desk->height - 30, left = 100;
    for (int y = top; y < bottom - lines; y++)
        memcpy(desk->pixels + y * desk->width + left,
               desk->pixels + (y + lines) * desk->width + left, (gsize)width * 4);
    for (int y = bottom - lines; y < bottom; y++)
        for (int x = left; x < left + width; x++)
            desk->pixels[y * desk->width + x] = (x * y + lines) % 7 < 3 ? 0x00101010u : 0x00f8f8f0u;
    vnc_desk_show(desk, left, top, width, bottom - top);
}

/* Moved pixels are copied by the client: right, also where they were lossy; and few bytes. */
static void
test_moved(void)
{
    static const VncViewerOptions options[] = {
        {"copyrect tight", -1, 4, FALSE}, {"copyrect tight", 5, 4, FALSE},
        {"copyrect zrle", -1, 2, FALSE},  {"tight", -1, 4, FALSE},
        {"copyrect raw", -1, 4, TRUE},
    };
    for (guint i = 0; i < G_N_ELEMENTS(options); i++) {
        VncDesk *desk = vnc_desk_new(801, 601);
        g_autofree char *what = describe(&options[i]);
        vnc_desk_paint(desk, 1);
        vnc_desk_show(desk, 0, 0, desk->width, desk->height);
        VncViewer *viewer = vnc_viewer_new(vnc_desk_connect(desk), &options[i]);
        vnc_desk_assert_shown(desk, viewer, what);
        json_int_t all = counted(desk, 0, "bytes"), moved;
        for (int lines = 1; lines < 20; lines += 3) {
            scroll(desk, lines);
            if (lines % 2)
                vnc_desk_assert_shown(desk, viewer, what);
        }
        vnc_desk_assert_shown(desk, viewer, what);
        moved = counted(desk, 0, "bytes") - all;
        if (options[i].quality < 0 && g_str_has_prefix(what, "copyrect"))
            g_assert_cmpint(moved, <, all);
        vnc_viewer_free(viewer);
        vnc_desk_free(desk);
    }
}

static json_int_t
queued_most(VncDesk *desk)
{
    json_t *object = json_object(), *item;
    json_int_t most = 0;
    size_t i;
    sink_vnc.stats(desk->sink, object);
    json_array_foreach(json_object_get(object, "vnc"), i, item) most =
        MAX(most, json_integer_value(json_object_get(item, "queued")));
    json_decref(object);
    return most;
}

/* One client stops reading; another sees every frame, memory stays bounded, and the first catches
 * up later. */
static void
test_stalled(void)
{
    VncDesk *desk = vnc_desk_new(1920, 1080);
    VncViewer *lazy = vnc_viewer_new(vnc_desk_connect(desk), &settings[10]),
              *keen = vnc_viewer_new(vnc_desk_connect(desk), &settings[0]);
    vnc_desk_assert_shown(desk, lazy, "lazy");
    vnc_viewer_pause(lazy, TRUE);
    for (guint seed = 0; seed < 12; seed++) {
        vnc_desk_paint(desk, seed);
        vnc_desk_show(desk, 0, 0, desk->width, desk->height);
        vnc_desk_assert_shown(desk, keen, "keen");
        g_assert_cmpint(queued_most(desk), <=, 9 * 1024 * 1024);
    }
    g_assert_cmpint(counted(desk, 1, "updates"), >=, 12);
    g_assert_cmpint(counted(desk, 1, "merged"), <=, 1); /* not one of what the test waited for */
    g_assert_cmpint(counted(desk, 0, "merged"), >=, 8);
    vnc_viewer_pause(lazy, FALSE);
    vnc_desk_assert_shown(desk, lazy, "lazy after all");
    vnc_viewer_free(lazy);
    vnc_viewer_free(keen);
    vnc_desk_free(desk);
}

typedef struct {
    VncDesk *desk;
    const char *expected;
} Typed;

static gboolean
is_typed(gpointer user)
{
    Typed *typed = user;
    return strstr(typed->desk->keys->str, typed->expected) != NULL;
}

static void
assert_typed(VncDesk *desk, const char *expected)
{
    Typed typed = {desk, expected};
    if (!vnc_desk_wait(is_typed, &typed, 10))
        g_error("“%s” is not in “%s”", expected, desk->keys->str);
    g_string_truncate(desk->keys, 0);
}

static void
test_input(void)
{
    VncDesk *desk = vnc_desk_new(640, 480);
    VncViewer *viewer = vnc_viewer_new(vnc_desk_connect(desk), &settings[0]);
    vnc_desk_assert_shown(desk, viewer, "input");
    vnc_viewer_key(viewer, 'a', TRUE);
    vnc_viewer_key(viewer, 'a', FALSE);
    assert_typed(desk, "+1e -1e ");
    vnc_viewer_key(viewer, 'A', TRUE); /* no Shift of its own: ours */
    vnc_viewer_key(viewer, 'A', FALSE);
    assert_typed(desk, "+2a +1e -2a -1e ");
    vnc_viewer_key(viewer, 0xffe1, TRUE); /* Shift, and a key that is without it on a US keyboard */
    vnc_viewer_key(viewer, '/', TRUE);
    vnc_viewer_key(viewer, '/', FALSE);
    vnc_viewer_key(viewer, 0xffe1, FALSE);
    assert_typed(desk, "+2a -2a +35 +2a -35 -2a ");
    vnc_viewer_pointer(viewer, 100, 50, 0);
    vnc_viewer_pointer(viewer, 9999, 50, 1);
    assert_typed(desk, "@100,50 @639,50 b0+ ");
    vnc_viewer_key(viewer, 0xff51, TRUE);
    assert_typed(desk, "+cb ");
    vnc_viewer_free(viewer); /* what it holds is released */
    assert_typed(desk, "-cb b0- ");
    vnc_desk_free(desk);
}

typedef struct {
    ClipboardParty *party;
    VncViewer *viewer;
    char *text;
} Guest;

static void
on_guest_text(const char *text, gpointer user)
{
    Guest *guest = user;
    g_free(guest->text);
    guest->text = g_strdup(text);
}

static void
on_guest_offered(gpointer user)
{
    Guest *guest = user;
    clipboard_fetch(guest->party, on_guest_text, guest);
}

static void
on_guest_wanted(gpointer user)
{
    clipboard_provide(((Guest *)user)->party, "from the guest: caf\303\251", -1);
}

static void
on_guest_cleared(gpointer user)
{
}

static gboolean
guest_has_text(gpointer user)
{
    return ((Guest *)user)->text != NULL;
}

static gboolean
viewer_has_text(gpointer user)
{
    g_autofree char *text = vnc_viewer_cut_text_received(((Guest *)user)->viewer);
    return text != NULL;
}

static void
test_clipboard(void)
{
    static const ClipboardEvents events = {on_guest_offered, on_guest_wanted, on_guest_cleared};
    VncDesk *desk = vnc_desk_new(64, 64);
    Guest guest = {.viewer = vnc_viewer_new(vnc_desk_connect(desk), &settings[0])};
    guest.party = clipboard_join(desk->clipboard, &events, &guest);
    vnc_desk_assert_shown(desk, guest.viewer, "clipboard");
    vnc_viewer_cut_text(guest.viewer, "from the viewer");
    g_assert_true(vnc_desk_wait(guest_has_text, &guest, 10));
    g_assert_cmpstr(guest.text, ==, "from the viewer");
    clipboard_offer(guest.party);
    g_assert_true(vnc_desk_wait(viewer_has_text, &guest, 10));
    g_autofree char *text = vnc_viewer_cut_text_received(guest.viewer);
    g_assert_cmpstr(text, ==, "from the guest: caf\351"); /* Latin-1 */
    clipboard_leave(guest.party);
    g_free(guest.text);
    vnc_viewer_free(guest.viewer);
    vnc_desk_free(desk);
}

typedef struct {
    int fd;
    GByteArray *bytes;
} Heard;

/* The word that continuous updates begin with is the last one said. */
static gboolean
heard_all(gpointer user)
{
    Heard *heard = user;
    guint8 bytes[4096];
    ssize_t n;
    while ((n = recv(heard->fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
        g_byte_array_append(heard->bytes, bytes, (guint)n);
    return heard->bytes->len > 0 && heard->bytes->data[heard->bytes->len - 1] == 150;
}

/* Clients believe the last announcement: libvncserver's own leaves out what they need to send more
 * than Latin-1. */
static void
test_clipboard_is_announced_once(void)
{
    static const char said[] =
        "RFB 003.008\n\x01\x01\x02\x00\x00\x01\xc0\xa1\xe5\xce" /* the extended clipboard */
        "\x02\x00\x00\x01\xff\xff\xfe\xc7";                     /* continuous updates */
    static const guint8 announced[] = {3, 0, 0, 0, 0xff, 0xff, 0xff, 0xf8, 0x1f, 0, 0, 1};
    VncDesk *desk = vnc_desk_new(64, 48);
    Heard heard = {vnc_desk_connect(desk), g_byte_array_new()};
    guint times = 0;
    g_assert_cmpint(write(heard.fd, said, sizeof said - 1), ==, sizeof said - 1);
    g_assert_true(vnc_desk_wait(heard_all, &heard, 10));
    for (guint i = 0; i + sizeof announced <= heard.bytes->len; i++) {
        if (memcmp(heard.bytes->data + i, announced, 8) != 0)
            continue;
        g_assert_cmpmem(heard.bytes->data + i, sizeof announced, announced, sizeof announced);
        times++;
    }
    g_assert_cmpuint(times, ==, 1);
    g_byte_array_unref(heard.bytes);
    close(heard.fd);
    vnc_desk_free(desk);
}

static gboolean
is_closed(gpointer user)
{
    char bytes[4096];
    ssize_t n;
    while ((n = recv(GPOINTER_TO_INT(user), bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
        ;
    return n == 0;
}

/* Bytes that no client means well with: each ends its own connection and nothing else. */
static void
test_hostile(void)
{
    static const char hello[] = "RFB 003.008\n\x01\x01";
    static const struct {
        const char *bytes;
        gsize size;
    } attacks[] = {
        {"GET / HTTP/1.1\r\n\r\n", 18},
        {"RFB 003.008\n\xff", 13},
        {"RFB 003.008\n\x01\x01\x07\x00\x00\x00\x00\x00\x00\x00", 22}, /* file transfer */
        {"RFB 003.008\n\x01\x01\x0b\x00\x00\x00\xff\xff\xff\xff", 22}, /* text chat */
        {"RFB 003.008\n\x01\x01\x08\x02\x00\x00", 18},                 /* server scaling */
        {"RFB 003.008\n\x01\x01\x06\x00\x00\x00\x7f\xff\xff\xff", 22}, /* 2 GB of cut text */
        {"RFB 003.008\n\x01\x01\x06\x00\x00\x00\x80\x00\x00\x00", 22}, /* the same, extended */
        {"RFB 003.008\n\x01\x01\x02\x00\xff\xff", 18},                 /* 65535 encodings */
        {"RFB "
         "003."
         "008\n\x01\x01\x00\x00\x00\x00\x20\x18\x00\x01\x00\x00\x00\xff\x00\xff\xf0\xf0\xf0\x00\x00"
         "\x00",
         34},
    };
    VncDesk *desk = vnc_desk_new(320, 200);
    VncViewer *viewer = vnc_viewer_new(vnc_desk_connect(desk), &settings[0]);
    int half = vnc_desk_connect(desk); /* half a message, for as long as it likes */
    g_assert_cmpint(write(half, hello, sizeof hello - 1), ==, sizeof hello - 1);
    g_assert_cmpint(write(half, "\x03\x00\x00", 3), ==, 3);
    for (guint i = 0; i < G_N_ELEMENTS(attacks); i++) {
        int fd = vnc_desk_connect(desk);
        g_assert_cmpint(write(fd, attacks[i].bytes, attacks[i].size), ==, attacks[i].size);
        if (!vnc_desk_wait(is_closed, GINT_TO_POINTER(fd), 10))
            g_error("attack %u was not ended", i);
        close(fd);
    }
    g_autoptr(GRand) rand = g_rand_new_with_seed(7);
    for (int i = 0; i < 200; i++) {
        guint8 noise[512];
        int fd = vnc_desk_connect(desk);
        for (guint j = 0; j < sizeof noise; j++)
            noise[j] = (guint8)g_rand_int(rand);
        if (i % 4)
            memcpy(noise, hello, sizeof hello - 1);
        if (i % 4 > 1) /* a good type, and then anything */
            noise[sizeof hello - 1] = "\x00\x02\x03\x04\x05\x06\x96\xf8\xfb\xff"[i % 10];
        g_assert_cmpint(write(fd, noise, sizeof noise), ==, sizeof noise);
        shutdown(fd, SHUT_WR);
        if (!vnc_desk_wait(is_closed, GINT_TO_POINTER(fd), 10))
            g_error("noise %d was not ended", i);
        close(fd);
    }
    vnc_desk_paint(desk, 3);
    vnc_desk_show(desk, 0, 0, desk->width, desk->height);
    vnc_desk_assert_shown(desk, viewer, "an honest client among hostile ones");
    close(half);
    vnc_viewer_free(viewer);
    vnc_desk_free(desk);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(settings); i++) {
        g_autofree char *what = describe(&settings[i]);
        g_autofree char *path = g_strdup_printf("/vnc/pixels/%s", what);
        g_autofree char *small = g_strdup_printf("/vnc/sizes/%s", what);
        g_test_add_data_func(path, &settings[i], test_pixels);
        g_test_add_data_func(small, &settings[i], test_sizes);
    }
    g_test_add_func("/vnc/together", test_together);
    g_test_add_func("/vnc/resize", test_resize);
    g_test_add_func("/vnc/changing", test_changing);
    g_test_add_func("/vnc/solid", test_solid);
    g_test_add_func("/vnc/hash", test_hash);
    g_test_add_func("/vnc/moved", test_moved);
    g_test_add_func("/vnc/stalled", test_stalled);
    g_test_add_func("/vnc/input", test_input);
    g_test_add_func("/vnc/clipboard", test_clipboard);
    g_test_add_func("/vnc/clipboard-announced", test_clipboard_is_announced_once);
    g_test_add_func("/vnc/hostile", test_hostile);
    return g_test_run();
}
