/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vnc-clipboard.h"
#include "vnc-framing.h"

#include <string.h>
#include <zlib.h>

#define CUT_TEXT    3 /* the server's message */
#define FORMAT_TEXT 1u
#define CAPS        (1u << 24)
#define REQUEST     (1u << 25)
#define PEEK        (1u << 26)
#define NOTIFY      (1u << 27)
#define PROVIDE     (1u << 28)
#define DEFAULT_UNASKED                                                                            \
    (20 * 1024 * 1024) /* what the protocol assumes of a client that does not say */
#define MAX_WIRE (2 * CLIPBOARD_MAX + 16) /* with CRLF for every LF, a length and a NUL */

struct VncClipboard {
    ClipboardParty *party;
    void (*write)(const guint8 *data, gsize size, gpointer user);
    gpointer user;
    gboolean extended;
    guint32 unasked; /* bytes of text the client takes without having asked */
    guint answering; /* to a request, from the main loop */
};

static void
send_extended(VncClipboard *clipboard, guint32 flags, const guint8 *data, gsize size)
{
    g_autofree guint8 *message = g_malloc(12 + size);
    guint8 *to = vnc_put32(message, (guint32)CUT_TEXT << 24);

    to = vnc_put32(to, (guint32) - (gint32)(4 + size));
    to = vnc_put32(to, flags);
    if (size)
        memcpy(to, data, size);
    clipboard->write(message, 12 + size, clipboard->user);
}

/* "\n" to "\r\n", as the extended clipboard wants it. */
static GByteArray *
to_wire(const char *text)
{
    GByteArray *wire = g_byte_array_sized_new((guint)strlen(text) + 64);

    vnc_put32((g_byte_array_set_size(wire, 4), wire->data), 0);
    for (; *text; text++) {
        if (*text == '\n')
            g_byte_array_append(wire, (const guint8 *)"\r", 1);
        g_byte_array_append(wire, (const guint8 *)text, 1);
    }
    g_byte_array_append(wire, (const guint8 *)"", 1);
    vnc_put32(wire->data, wire->len - 4);
    return wire;
}

static void
send_provide(VncClipboard *clipboard, const char *text)
{
    g_autoptr(GByteArray) wire = to_wire(text);
    uLongf size = compressBound(wire->len);
    g_autofree guint8 *packed = g_malloc(size);

    if (compress2(packed, &size, wire->data, wire->len, 1) == Z_OK)
        send_extended(clipboard, PROVIDE | FORMAT_TEXT, packed, size);
}

static void
send_latin1(VncClipboard *clipboard, const char *text)
{
    gsize size = 0;
    g_autofree guint8 *message = g_malloc(8 + strlen(text));

    for (; *text; text = g_utf8_next_char(text)) {
        gunichar c = g_utf8_get_char(text);

        message[8 + size++] = c < 0x100 ? (guint8)c : '?';
    }
    vnc_put32(vnc_put32(message, (guint32)CUT_TEXT << 24), (guint32)size);
    clipboard->write(message, 8 + size, clipboard->user);
}

static void
on_fetched(const char *text, gpointer user)
{
    VncClipboard *clipboard = user;

    if (!text)
        return;
    if (clipboard->extended)
        send_provide(clipboard, text);
    else
        send_latin1(clipboard, text);
}

static void
on_offered(gpointer user)
{
    VncClipboard *clipboard = user;

    if (clipboard->extended && clipboard->unasked < CLIPBOARD_MAX)
        send_extended(clipboard, NOTIFY | FORMAT_TEXT, NULL, 0);
    else
        clipboard_fetch(clipboard->party, on_fetched, clipboard);
}

static void
on_wanted(gpointer user)
{
    VncClipboard *clipboard = user;

    if (clipboard->extended)
        send_extended(clipboard, REQUEST | FORMAT_TEXT, NULL, 0);
}

static void
on_cleared(gpointer user)
{
}

static const ClipboardEvents events = {
    .offered = on_offered, .wanted = on_wanted, .cleared = on_cleared};

VncClipboard *
vnc_clipboard_new(Clipboard *shared, void (*write)(const guint8 *data, gsize size, gpointer user),
                  gpointer user)
{
    VncClipboard *clipboard = g_new0(VncClipboard, 1);

    clipboard->write = write;
    clipboard->user = user;
    clipboard->party = clipboard_join(shared, &events, clipboard);
    return clipboard;
}

void
vnc_clipboard_free(VncClipboard *clipboard)
{
    if (!clipboard)
        return;
    g_clear_handle_id(&clipboard->answering, g_source_remove);
    clipboard_leave(clipboard->party);
    g_free(clipboard);
}

void
vnc_clipboard_extend(VncClipboard *clipboard)
{
    guint8 size[4];

    if (clipboard->extended)
        return;
    clipboard->extended = TRUE;
    clipboard->unasked = DEFAULT_UNASKED;
    vnc_put32(size, 0); /* text is never sent unasked */
    send_extended(clipboard, CAPS | REQUEST | PEEK | NOTIFY | PROVIDE | FORMAT_TEXT, size,
                  sizeof size);
}

/* "\r\n" and lone "\r" become "\n"; what follows a NUL is not text. */
static void
provide_text(VncClipboard *clipboard, const char *text, gsize size)
{
    g_autoptr(GString) clean = g_string_sized_new(size + 1);

    for (gsize i = 0; i < size && text[i]; i++) {
        if (text[i] != '\r')
            g_string_append_c(clean, text[i]);
        else if (i + 1 == size || text[i + 1] != '\n')
            g_string_append_c(clean, '\n');
    }
    clipboard_provide(clipboard->party, clean->str, (gssize)clean->len);
}

static void
received_provide(VncClipboard *clipboard, const guint8 *data, gsize size)
{
    z_stream stream = {.next_in = (Bytef *)data, .avail_in = (uInt)size};
    g_autofree guint8 *wire = g_malloc(MAX_WIRE);
    int result;

    if (inflateInit(&stream) != Z_OK)
        return;
    stream.next_out = wire;
    stream.avail_out = MAX_WIRE;
    result = inflate(&stream, Z_SYNC_FLUSH);
    if ((result == Z_OK || result == Z_STREAM_END) && stream.total_out >= 4)
        provide_text(clipboard, (const char *)wire + 4, MIN(vnc_get32(wire), stream.total_out - 4));
    inflateEnd(&stream);
}

static gboolean
answer_request(gpointer user)
{
    VncClipboard *clipboard = user;

    clipboard->answering = 0;
    clipboard_fetch(clipboard->party, on_fetched, clipboard);
    return G_SOURCE_REMOVE;
}

/* Packing text takes a moment, a request few bytes: those that come together get one answer. */
static void
received_request(VncClipboard *clipboard)
{
    if (!clipboard->answering)
        clipboard->answering =
            g_idle_add_full(G_PRIORITY_DEFAULT, answer_request, clipboard, NULL);
}

static void
received_extended(VncClipboard *clipboard, const guint8 *data, gsize size)
{
    guint32 flags;

    if (size < 4)
        return;
    flags = vnc_get32(data);
    if (!(flags & FORMAT_TEXT))
        return;
    if (flags & CAPS) {
        clipboard->unasked = size >= 8 ? vnc_get32(data + 4) : 0;
        return;
    }
    if (flags & NOTIFY)
        clipboard_offer(clipboard->party);
    else if (flags & REQUEST)
        received_request(clipboard);
    else if (flags & PEEK)
        send_extended(clipboard, NOTIFY | FORMAT_TEXT, NULL, 0);
    else if (flags & PROVIDE)
        received_provide(clipboard, data + 4, size - 4);
}

void
vnc_clipboard_received(VncClipboard *clipboard, gint32 length, const guint8 *data, gsize size)
{
    g_autofree char *text = NULL;
    gsize written = 0;

    if (length < 0) {
        if (clipboard->extended)
            received_extended(clipboard, data, size);
        return;
    }
    text = g_convert((const char *)data, (gssize)size, "UTF-8", "ISO-8859-1", NULL, &written, NULL);
    if (!text)
        return;
    clipboard_offer(clipboard->party);
    provide_text(clipboard, text, written);
}
