/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fake-qemu.h"
#include "input/input.h"
#include "source/dbus-listener.h"
#include "source/source.h"

#include <gio/gunixfdlist.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LISTENER_PATH "/org/qemu/Display1/Listener"
#define LISTENER      "org.qemu.Display1.Listener"
#define MAP           "org.qemu.Display1.Listener.Unix.Map"
#define SOUND_PATH    "/org/qemu/Display1/AudioOutListener"
#define SOUND         "org.qemu.Display1.AudioOutListener"
#define XRGB          0x20020888u

typedef struct {
    FakeQemu *qemu;
    Surface *surface;
    Source *source;
    int connected, lost, lost_for_good, cursors, cursor_width, cursor_x;
    guint rate, leds;
    gsize frames;
    gint16 last_sample;
    int audio_stops;
    gboolean mute;
    guint16 left;
} Fixture;

static void
on_cursor(Cursor *cursor, gpointer user)
{
    Fixture *f = user;
    f->cursors++;
    f->cursor_width = cursor ? cursor->width : 0;
}

static void
on_cursor_moved(int x, int y, gboolean on, gpointer user)
{
    ((Fixture *)user)->cursor_x = x;
}

static void
on_lost(gboolean for_good, const char *reason, gpointer user)
{
    Fixture *f = user;
    f->lost++;
    f->lost_for_good += for_good;
}

static void
on_connected(gpointer user)
{
    ((Fixture *)user)->connected++;
}

static void
on_audio_start(guint rate, gpointer user)
{
    ((Fixture *)user)->rate = rate;
}

static void
on_audio(const gint16 *samples, gsize frames, gpointer user)
{
    Fixture *f = user;
    f->frames += frames;
    f->last_sample = samples[frames * 2 - 1];
}

static void
on_audio_stop(gpointer user)
{
    ((Fixture *)user)->audio_stops++;
}

static void
on_audio_volume(gboolean mute, guint16 left, guint16 right, gpointer user)
{
    Fixture *f = user;
    f->mute = mute;
    f->left = left;
}

static void
on_leds(guint leds, gpointer user)
{
    ((Fixture *)user)->leds = leds;
}

static const SourceEvents events = {on_cursor,     on_cursor_moved, on_lost,
                                    on_connected,  on_audio_start,  on_audio,
                                    on_audio_stop, on_audio_volume, on_leds};

static void
set_up(Fixture *f, gconstpointer data)
{
    f->qemu = fake_qemu_new();
    f->surface = surface_new(NULL, NULL);
    f->source = source_dbus.open(fake_qemu_address(f->qemu), f->surface, &events, f, NULL);
    g_assert_nonnull(f->source);
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    source_dbus.close(f->source);
    surface_free(f->surface);
    fake_qemu_free(f->qemu);
}

#define WAIT_FOR(condition)                                                                        \
    do {                                                                                           \
        gint64 deadline_ = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;                           \
        while (!(condition) && g_get_monotonic_time() < deadline_)                                 \
            if (!g_main_context_iteration(NULL, FALSE))                                            \
                g_usleep(1000);                                                                    \
        g_assert_true(condition);                                                                  \
    } while (0)

static gint64
pixel_at(Fixture *f, int x, int y)
{
    int width, height, stride;
    pixman_region32_t damage;
    pixman_region32_init(&damage);
    const guint32 *pixels = surface_lock(f->surface, &width, &height, &stride, &damage);
    gint64 pixel =
        pixels && x < width && y < height ? (gint64)(pixels[y * stride + x] & 0xffffff) : -1;
    surface_unlock(f->surface);
    pixman_region32_fini(&damage);
    return pixel;
}

static int
width_of(Fixture *f)
{
    int width = 0, height, stride;
    pixman_region32_t damage;
    pixman_region32_init(&damage);
    if (!surface_lock(f->surface, &width, &height, &stride, &damage))
        width = 0;
    surface_unlock(f->surface);
    pixman_region32_fini(&damage);
    return width;
}

static GVariant *
pixels(gsize n, guint32 colour)
{
    g_autofree guint32 *data = g_new(guint32, n);
    for (gsize i = 0; i < n; i++)
        data[i] = colour;
    return g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, data, n * 4, 1);
}

static void
scanout(Fixture *f, guint width, guint height, guint stride, guint format, gsize n, guint32 colour)
{
    fake_qemu_tell(fake_qemu_screen(f->qemu), LISTENER_PATH, LISTENER, "Scanout",
                   g_variant_new("(uuuu@ay)", width, height, stride, format, pixels(n, colour)),
                   NULL);
}

static void
update(Fixture *f, int x, int y, int width, int height, guint stride, gsize n, guint32 colour)
{
    fake_qemu_tell(
        fake_qemu_screen(f->qemu), LISTENER_PATH, LISTENER, "Update",
        g_variant_new("(iiiiuu@ay)", x, y, width, height, stride, XRGB, pixels(n, colour)), NULL);
}

/* After the lies a true picture comes through: the source lives and has kept its bounds. */
static void
expect_alive(Fixture *f)
{
    gint64 again = 0; /* a listener that is being replaced may lose it */
    while (width_of(f) != 64 || pixel_at(f, 63, 31) != 0x123456) {
        if (g_get_monotonic_time() > again)
            scanout(f, 64, 32, 256, XRGB, 64 * 32, 0x123456);
        if (g_get_monotonic_time() > again)
            again = g_get_monotonic_time() + G_USEC_PER_SEC / 5;
        g_main_context_iteration(NULL, FALSE);
        g_usleep(1000);
    }
}

static void
test_picture(Fixture *f, gconstpointer data)
{
    scanout(f, 64, 32, 256, XRGB, 64 * 32, 0x112233);
    update(f, 10, 5, 3, 2, 12, 6, 0xabcdef);
    WAIT_FOR(pixel_at(f, 12, 6) == 0xabcdef);
    g_assert_cmphex(pixel_at(f, 13, 6), ==, 0x112233);
    g_assert_cmphex(pixel_at(f, 9, 5), ==, 0x112233);
    WAIT_FOR(f->connected == 1);
    fake_qemu_tell(fake_qemu_screen(f->qemu), LISTENER_PATH, LISTENER, "Disable", NULL, NULL);
    WAIT_FOR(pixel_at(f, 12, 6) == 0);
}

static void
test_lies(Fixture *f, gconstpointer data)
{
    update(f, 0, 0, 10, 10, 40, 100, 1); /* before any scanout */
    scanout(f, 640, 480, 2560, XRGB, 640 * 480, 7);
    for (int y = 0; y < 480; y += 16) /* seen with a real QEMU */
        update(f, 0, y, 720, 16, 2880, 720 * 16, 8);
    WAIT_FOR(pixel_at(f, 639, 479) == 8);
    WAIT_FOR(f->connected == 2); /* it drew outside: the true size comes with a new listener */
    scanout(f, 720, 400, 2880, XRGB, 720 * 400, 3);
    WAIT_FOR(pixel_at(f, 719, 399) == 3);
    update(f, 0, 0, 100, 100, 400, 10, 1); /* too short */
    update(f, 0, 0, 100, 100, 4, 100, 1);  /* a stride that lies */
    update(f, 0, 0, 100, 100, 0xfffffffc, 100, 1);
    update(f, -50, -50, 100, 100, 400, 10000, 9); /* half outside */
    update(f, G_MAXINT, G_MAXINT, G_MAXINT, G_MAXINT, 4, 1, 1);
    update(f, G_MININT, G_MININT, G_MAXINT, G_MAXINT, 4, 1, 1);
    update(f, 0, 0, -1, -1, 4, 1, 1);
    scanout(f, 0, 0, 0, XRGB, 0, 1);
    scanout(f, 4000000000u, 4000000000u, 4, XRGB, 1, 1);
    scanout(f, 8192, 8192, 32768, XRGB, 16, 1); /* large, with no content */
    scanout(f, 16, 16, 64, 0xdeadbeef, 256, 1); /* a format that is none */
    scanout(f, 16, 16, 32, 0x10020565, 256, 1);
    expect_alive(f);
    g_assert_cmpint(f->lost, ==, 0);
}

static void
test_cursor(Fixture *f, gconstpointer data)
{
    GDBusConnection *screen = fake_qemu_screen(f->qemu);
    const int bad[][2] = {{0, 0}, {-1, 5}, {100000, 100000}, {64, 64}};
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
        fake_qemu_tell(screen, LISTENER_PATH, LISTENER, "CursorDefine",
                       g_variant_new("(iiii@ay)", bad[i][0], bad[i][1], 0, 0, pixels(64, 1)), NULL);
    fake_qemu_tell(screen, LISTENER_PATH, LISTENER, "CursorDefine",
                   g_variant_new("(iiii@ay)", 8, 8, -5, 500, pixels(64, 1)), NULL);
    fake_qemu_tell(screen, LISTENER_PATH, LISTENER, "MouseSet", g_variant_new("(iii)", 77, 5, 1),
                   NULL);
    WAIT_FOR(f->cursor_x == 77);
    g_assert_cmpint(f->cursors, ==, 1);
    g_assert_cmpint(f->cursor_width, ==, 8);
}

static void
tell_map(Fixture *f, int fd, guint offset, guint width, guint height, guint stride)
{
    g_autoptr(GUnixFDList) fds = g_unix_fd_list_new();
    g_unix_fd_list_append(fds, fd, NULL);
    fake_qemu_tell(fake_qemu_screen(f->qemu), LISTENER_PATH, MAP, "ScanoutMap",
                   g_variant_new("(huuuuu)", 0, offset, width, height, stride, XRGB), fds);
}

static void
test_shared_memory(Fixture *f, gconstpointer data)
{
    g_autoptr(GVariant) answer = g_dbus_connection_call_sync(
        fake_qemu_screen(f->qemu), NULL, LISTENER_PATH, "org.freedesktop.DBus.Properties", "Get",
        g_variant_new("(ss)", LISTENER, "Interfaces"), NULL, G_DBUS_CALL_FLAGS_NONE, 5000, NULL,
        NULL);
    g_assert_nonnull(answer);
    g_autofree char *text = g_variant_print(answer, FALSE);
    g_assert_nonnull(strstr(text, MAP));

    int fd = memfd_create("screen", MFD_CLOEXEC);
    guint32 *memory = NULL;
    gsize size = 4096 + 64 * 32 * 4;
    g_assert_cmpint(ftruncate(fd, (off_t)size), ==, 0);
    memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    guint32 *shown = memory + 1024;
    for (int i = 0; i < 64 * 32; i++)
        shown[i] = 0x445566;
    tell_map(f, fd, 4096, 64, 32, 256);
    WAIT_FOR(pixel_at(f, 63, 31) == 0x445566);
    shown[64 * 31 + 63] = 0x99;
    fake_qemu_tell(fake_qemu_screen(f->qemu), LISTENER_PATH, MAP, "UpdateMap",
                   g_variant_new("(iiii)", 60, 30, 100, 100), NULL);
    WAIT_FOR(pixel_at(f, 63, 31) == 0x99);
    g_assert_cmphex(pixel_at(f, 62, 31), ==, 0x445566);

    g_assert_cmpint(ftruncate(fd, 4096), ==, 0); /* would kill whoever maps it */
    fake_qemu_tell(fake_qemu_screen(f->qemu), LISTENER_PATH, MAP, "UpdateMap",
                   g_variant_new("(iiii)", 0, 0, 64, 32), NULL);
    tell_map(f, fd, 0xfffff000, 8192, 8192, 0xffffffff);
    tell_map(f, fd, 0, 8192, 8192, 4);
    fake_qemu_tell(fake_qemu_screen(f->qemu), LISTENER_PATH, MAP, "UpdateMap",
                   g_variant_new("(iiii)", G_MININT, G_MININT, G_MAXINT, G_MAXINT), NULL);
    expect_alive(f);
    munmap(memory, size);
    close(fd);
}

static void
sound(Fixture *f, const char *method, GVariant *arguments)
{
    fake_qemu_tell(fake_qemu_sound(f->qemu), SOUND_PATH, SOUND, method, arguments, NULL);
}

static void
test_sound(Fixture *f, gconstpointer data)
{
    const gint16 samples[] = {1, 2, 3, 4};
    sound(f, "Write",
          g_variant_new("(t@ay)", (guint64)5,
                        g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, samples, 8, 1)));
    sound(f, "SetEnabled", g_variant_new("(tb)", (guint64)5, TRUE)); /* of no voice */
    sound(f, "Init", g_variant_new("(tybbuyuub)", (guint64)4, 13, TRUE, TRUE, 1, 200, 0, 0, TRUE));
    sound(f, "Init",
          g_variant_new("(tybbuyuub)", (guint64)5, 16, TRUE, FALSE, 44100, 2, 4, 176400, FALSE));
    sound(f, "SetEnabled", g_variant_new("(tb)", (guint64)5, TRUE));
    sound(f, "SetVolume",
          g_variant_new("(tb@ay)", (guint64)5, TRUE,
                        g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, "\xff\x80", 2, 1)));
    WAIT_FOR(f->rate == 44100 && f->mute && f->left == 65535);
    sound(f, "Write",
          g_variant_new("(t@ay)", (guint64)5,
                        g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, samples, 8, 1)));
    sound(f, "Write",
          g_variant_new("(t@ay)", (guint64)5,
                        g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, samples, 3, 1)));
    WAIT_FOR(f->frames == 2 && f->last_sample == 4);
    sound(f, "Fini", g_variant_new("(t)", (guint64)5));
    WAIT_FOR(f->audio_stops == 1);
}

static gboolean
has_input(Fixture *f, const char *text)
{
    g_autofree char *input = fake_qemu_input(f->qemu);
    return strstr(input, text) != NULL;
}

static void
test_input(Fixture *f, gconstpointer data)
{
    WAIT_FOR(f->connected == 1);
    gpointer user;
    const InputSink *sink = source_dbus.input(f->source, &user);
    sink->pointer(user, 3, 4);
    sink->key(user, 29, TRUE);
    sink->button(user, BUTTON_LEFT, TRUE);
    sink->button(user, BUTTON_LEFT, FALSE);
    sink->key(user, 29, FALSE);
    WAIT_FOR(has_input(f, "SetAbsPosition 3 4;Press 29;Press 0;Release 0;Release 29;"));
    for (int i = 0; i <= 5000; i++) /* positions merge, the last one arrives */
        sink->pointer(user, i, i);
    WAIT_FOR(has_input(f, "SetAbsPosition 5000 5000;"));
    g_autofree char *input = fake_qemu_input(f->qemu);
    g_assert_cmpuint(strlen(input), <, 20000);
    source_dbus.resize(f->source, 1280, 720);
    WAIT_FOR(has_input(f, "SetUIInfo 338 190 0 0 1280 720;"));
    fake_qemu_set_leds(f->qemu, LED_CAPS | LED_NUM);
    WAIT_FOR(f->leds == (LED_CAPS | LED_NUM));
}

static void
test_registers_again(Fixture *f, gconstpointer data)
{
    expect_alive(f);
    WAIT_FOR(f->connected == 1);
    fake_qemu_drop_screen(f->qemu);
    WAIT_FOR(f->connected == 2);
    g_assert_cmpint(f->lost, ==, 1);
    g_assert_cmpint(f->lost_for_good, ==, 0);
    update(f, 0, 0, 1, 1, 4, 1, 0x77);
    WAIT_FOR(pixel_at(f, 0, 0) == 0x77);
}

/* The main thread holds the surface, so nothing can be drawn: what comes is dropped above a bound,
 * and the picture is asked for anew. */
static void
test_flood(Fixture *f, gconstpointer data)
{
    scanout(f, 2048, 2048, 8192, XRGB, 2048 * 2048, 1);
    WAIT_FOR(f->connected == 1 && width_of(f) == 2048);
    GDBusConnection *first = g_object_ref(fake_qemu_screen(f->qemu));
    int width, height, stride;
    pixman_region32_t damage;
    pixman_region32_init(&damage);
    surface_lock(f->surface, &width, &height, &stride, &damage);
    for (int i = 0; i < 24; i++) /* 24 times 16 MiB */
        update(f, 0, 0, 2048, 2048, 8192, 2048 * 2048, (guint)i);
    g_dbus_connection_flush_sync(first, NULL, NULL);
    surface_unlock(f->surface);
    pixman_region32_fini(&damage);
    WAIT_FOR(f->connected == 2);
    WAIT_FOR(fake_qemu_screen(f->qemu) != first);
    g_object_unref(first);
    expect_alive(f);
}

static void
test_bus_dies(Fixture *f, gconstpointer data)
{
    WAIT_FOR(f->connected == 1);
    fake_qemu_leave(f->qemu);
    WAIT_FOR(f->lost == 1);
    fake_qemu_kill_bus(f->qemu);
    WAIT_FOR(f->lost_for_good == 1);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(path, func) g_test_add("/dbus/" path, Fixture, NULL, set_up, func, tear_down)
    ADD("picture", test_picture);
    ADD("lies", test_lies);
    ADD("cursor", test_cursor);
    ADD("shared-memory", test_shared_memory);
    ADD("sound", test_sound);
    ADD("input", test_input);
    ADD("registers-again", test_registers_again);
    ADD("flood", test_flood);
    ADD("bus-dies", test_bus_dies);
    return g_test_run();
}
