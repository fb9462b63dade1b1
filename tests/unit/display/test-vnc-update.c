/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sink/vnc-framing.h"
#include "sink/vnc-update.h"

#include <sys/socket.h>
#include <unistd.h>

static void
nothing(gpointer user)
{
}

static const VncRoom any = {G_MAXSIZE, 0, 0};

static void
set_encoding(VncUpdate *update, gint32 encoding)
{
    guint8 list[4];
    vnc_put32(list, (guint32)encoding);
    vnc_update_set_encodings(update, list, 1);
}

/* The encoding of the update's first rectangle. */
static gint32
first_rectangle(VncUpdate *update)
{
    guint8 bytes[64];
    int pair[2];
    VncWork work;
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
    VncOutput *output = vnc_output_new(pair[0]);
    vnc_work_init(&work);
    vnc_update_request(update, TRUE, 0, 0, 800, 600);
    g_assert_true(vnc_update_take(update, &any, &work));
    vnc_update_send(update, output, NULL, 0);
    g_assert_true(vnc_output_flush(output));
    gint32 encoding =
        recv(pair[1], bytes, sizeof bytes, MSG_DONTWAIT) >= 16 ? (gint32)vnc_get32(bytes + 12) : 0;
    vnc_work_clear(&work);
    vnc_output_free(output);
    close(pair[0]);
    close(pair[1]);
    return encoding;
}

/* Clients say their encodings anew whenever they like, so also before they were told a size. */
static void
test_encodings_after_resize(void)
{
    VncUpdate *update = vnc_update_new(nothing, NULL);
    g_assert_true(vnc_update_resized(update, 640, 480));
    set_encoding(update, VNC_ENCODING_DESKTOP_SIZE);
    g_assert_true(vnc_update_resized(update, 800, 600));
    set_encoding(update, VNC_ENCODING_DESKTOP_SIZE);
    g_assert_cmpint(first_rectangle(update), ==, VNC_ENCODING_DESKTOP_SIZE);
    vnc_update_free(update);
}

/* The first frame has the size that the client was told: nothing to follow. */
static void
test_same_size(void)
{
    VncUpdate *update = vnc_update_new(nothing, NULL);
    g_assert_true(vnc_update_resized(update, 640, 480));
    g_assert_true(vnc_update_resized(update, 640, 480));
    g_assert_false(vnc_update_resized(update, 800, 600));
    vnc_update_free(update);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vnc-update/encodings-after-resize", test_encodings_after_resize);
    g_test_add_func("/vnc-update/same-size", test_same_size);
    return g_test_run();
}
