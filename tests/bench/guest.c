/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A guest that draws a block when a key goes down, as QEMU would tell it over D-Bus: for measuring
 * from key to pixel. With a recording it also plays that, 30 frames a second at most, below the
 * block.
 *
 *     bench-guest WIDTH HEIGHT [RECORDING]
 *
 * Says its bus address, and then when it saw each key go down (monotonic clock, µs); ends when
 * standard input does.
 */
#include "fake-qemu.h"
#include "recording.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LISTENER_PATH "/org/qemu/Display1/Listener"
#define LISTENER      "org.qemu.Display1.Listener"
#define XRGB          0x20020888u
#define BLOCK         32 /* pixels; at the top left corner */
#define LOOK_MS       1  /* for keys: adds half of it to what is measured, on the average */
#define FRAME_US      (G_USEC_PER_SEC / 30)

typedef struct {
    FakeQemu *qemu;
    int width, height;
    const Recording *recording; /* NULL: nothing moves */
    pixman_box32_t *changed;    /* of each of its frames, the extents */
    gsize presses;
    guint frame, unanswered; /* unanswered: updates that the display has not taken yet */
} Guest;

static void
on_taken(GObject *connection, GAsyncResult *result, gpointer user)
{
    Guest *guest = user;
    GVariant *answer = g_dbus_connection_call_finish(G_DBUS_CONNECTION(connection), result, NULL);
    g_clear_pointer(&answer, g_variant_unref); /* NULL: the display has gone */
    guest->unanswered--;
}

static void
draw(Guest *guest, int x, int y, int width, int height, const guint32 *pixels)
{
    gsize size = (gsize)width * (gsize)height * sizeof *pixels;
    GVariant *data = g_variant_new_from_data(G_VARIANT_TYPE("ay"), g_memdup2(pixels, size), size,
                                             TRUE, NULL, NULL);
    guest->unanswered++;
    g_dbus_connection_call(
        fake_qemu_screen(guest->qemu), NULL, LISTENER_PATH, LISTENER, "Update",
        g_variant_new("(iiiiuu@ay)", x, y, width, height, (guint)width * 4, XRGB, data), NULL,
        G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_taken, guest);
}

static void
draw_block(Guest *guest)
{
    guint32 pixels[BLOCK * BLOCK];
    for (guint i = 0; i < G_N_ELEMENTS(pixels); i++)
        pixels[i] = guest->presses % 2 ? 0xffffff : 0;
    draw(guest, 0, 0, BLOCK, BLOCK, pixels);
}

static gsize
count_presses(Guest *guest)
{
    g_autofree char *input = fake_qemu_input(guest->qemu);
    gsize n = 0;
    for (const char *at = input; (at = strstr(at, "Press ")); at++)
        n++;
    return n;
}

/* What its frames change, below the block. */
static void
find_changes(Guest *guest)
{
    guint n = recording_frames(guest->recording);
    pixman_region32_t damage;
    pixman_region32_init(&damage);
    guest->changed = g_new(pixman_box32_t, n);
    for (guint i = 0; i < n; i++) {
        recording_damage(guest->recording, i, 16, &damage);
        pixman_region32_intersect_rect(&damage, &damage, 0, BLOCK, (unsigned)guest->width,
                                       (unsigned)guest->height);
        guest->changed[i] = *pixman_region32_extents(&damage);
    }
    pixman_region32_fini(&damage);
}

static void
play(Guest *guest)
{
    guint frame = guest->frame++ % recording_frames(guest->recording);
    const pixman_box32_t *box = &guest->changed[frame];
    int width = box->x2 - box->x1, height = box->y2 - box->y1;
    g_autofree guint32 *pixels = g_new(guint32, (gsize)MAX(width, 1) * (gsize)MAX(height, 1));
    for (int y = 0; y < height; y++)
        memcpy(pixels + (gsize)y * (gsize)width,
               recording_frame(guest->recording, frame) +
                   (gsize)(box->y1 + y) * (gsize)guest->width + (gsize)box->x1,
               (gsize)width * sizeof *pixels);
    if (width > 0 && height > 0)
        draw(guest, box->x1, box->y1, width, height, pixels);
}

static void
run(Guest *guest)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    gint64 next = g_get_monotonic_time();
    while (poll(&input, 1, LOOK_MS) == 0) {
        gsize presses = count_presses(guest);
        if (presses != guest->presses) {
            guest->presses = presses;
            printf("%" G_GINT64_FORMAT "\n", g_get_monotonic_time());
            fflush(stdout);
            draw_block(guest);
        }
        while (g_main_context_iteration(NULL, FALSE))
            ;
        /* QEMU would go on and queue; what is measured is not how much. */
        if (guest->recording && !guest->unanswered && g_get_monotonic_time() >= next) {
            next = MAX(next + FRAME_US, g_get_monotonic_time());
            play(guest);
        }
    }
}

int
main(int argc, char **argv)
{
    Guest guest = {0};
    if (argc < 3)
        return 2;
    guest.width = atoi(argv[1]);
    guest.height = atoi(argv[2]);
    if (argc > 3 && !(guest.recording = recording_open(argv[3], guest.width, guest.height)))
        return 1;
    if (guest.recording)
        find_changes(&guest);
    guest.qemu = fake_qemu_new();
    puts(fake_qemu_address(guest.qemu));
    fflush(stdout);
    gsize size = (gsize)guest.width * (gsize)guest.height * 4;
    GVariant *black =
        g_variant_new_from_data(G_VARIANT_TYPE("ay"), g_malloc0(size), size, TRUE, NULL, NULL);
    fake_qemu_tell(fake_qemu_screen(guest.qemu), LISTENER_PATH, LISTENER, "Scanout",
                   g_variant_new("(uuuu@ay)", (guint)guest.width, (guint)guest.height,
                                 (guint)guest.width * 4, XRGB, black),
                   NULL);
    run(&guest);
    fake_qemu_free(guest.qemu);
    return 0;
}
