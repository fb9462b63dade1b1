/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A guest that draws a block when a key goes down, as QEMU would tell it over D-Bus: for measuring
 * from key to pixel. With a recording it also plays that, 30 frames a second, below the block.
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
    gsize presses;
    guint frame;
} Guest;

static void
draw(Guest *guest, int x, int y, int width, int height, const guint32 *pixels)
{
    gsize size = (gsize)width * (gsize)height * sizeof *pixels;
    GVariant *data = g_variant_new_from_data(G_VARIANT_TYPE("ay"), g_memdup2(pixels, size), size,
                                             TRUE, NULL, NULL);
    fake_qemu_tell(fake_qemu_screen(guest->qemu), LISTENER_PATH, LISTENER, "Update",
                   g_variant_new("(iiiiuu@ay)", x, y, width, height, (guint)width * 4, XRGB, data),
                   NULL);
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

static void
play(Guest *guest)
{
    guint frame = guest->frame++ % recording_frames(guest->recording);
    int width = recording_width(guest->recording);
    draw(guest, 0, BLOCK, width, recording_height(guest->recording) - BLOCK,
         recording_frame(guest->recording, frame) + (gsize)width * BLOCK);
    /* A display that falls behind is not sent more than it reads. */
    g_dbus_connection_flush_sync(fake_qemu_screen(guest->qemu), NULL, NULL);
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
        if (guest->recording && g_get_monotonic_time() >= next) {
            play(guest);
            next = MAX(next + FRAME_US, g_get_monotonic_time());
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
