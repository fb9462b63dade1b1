/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sink/vnc-clipboard.h"
#include "sink/vnc-framing.h"

static void
nothing(gpointer user)
{
}

static void
count(const guint8 *data, gsize size, gpointer user)
{
    ++*(guint *)user;
}

/* Each answer is the whole text, packed anew: many questions at once are one. */
static void
test_many_requests(void)
{
    static const ClipboardEvents events = {
        .offered = nothing, .wanted = nothing, .cleared = nothing};
    guint8 request[4];
    guint written = 0;
    Clipboard *shared = clipboard_new();
    ClipboardParty *owner = clipboard_join(shared, &events, NULL);
    VncClipboard *clipboard = vnc_clipboard_new(shared, count, &written);
    vnc_clipboard_extend(clipboard);
    clipboard_offer(owner);
    clipboard_provide(owner, "text", -1);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    written = 0;
    vnc_put32(request, 1u << 25 | 1);
    for (int i = 0; i < 100; i++)
        vnc_clipboard_received(clipboard, -4, request, sizeof request);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_assert_cmpuint(written, ==, 1);
    vnc_clipboard_received(clipboard, -4, request, sizeof request); /* freed with one open */
    vnc_clipboard_free(clipboard);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_assert_cmpuint(written, ==, 1);
    clipboard_leave(owner);
    clipboard_free(shared);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vnc-clipboard/many-requests", test_many_requests);
    return g_test_run();
}
