/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "source-clipboard.h"

struct SourceClipboard {
    ClipboardParty *party;
    const SourceType *type;
    Source *source;
    char *text; /* what was copied there last; NULL: nothing */
};

static void
fetched(const char *text, gpointer user)
{
    SourceClipboard *clipboard = user;
    if (text)
        clipboard->type->clip(clipboard->source, text);
}

static void
offered(gpointer user)
{
    SourceClipboard *clipboard = user;
    g_clear_pointer(&clipboard->text, g_free);
    clipboard_fetch(clipboard->party, fetched, clipboard);
}

static void
wanted(gpointer user)
{
    SourceClipboard *clipboard = user;
    if (clipboard->text)
        clipboard_provide(clipboard->party, clipboard->text, -1);
}

static void
cleared(gpointer user)
{
}

static const ClipboardEvents clipboard_events = {
    .offered = offered, .wanted = wanted, .cleared = cleared};

SourceClipboard *
source_clipboard_new(Clipboard *common, const SourceType *type, Source *source)
{
    SourceClipboard *clipboard = g_new0(SourceClipboard, 1);
    clipboard->type = type;
    clipboard->source = source;
    clipboard->party = clipboard_join(common, &clipboard_events, clipboard);
    return clipboard;
}

void
source_clipboard_free(SourceClipboard *clipboard)
{
    if (!clipboard)
        return;
    clipboard_leave(clipboard->party);
    g_free(clipboard->text);
    g_free(clipboard);
}

void
source_clipboard_copied(SourceClipboard *clipboard, const char *text)
{
    g_free(clipboard->text);
    clipboard->text = g_strdup(text);
    clipboard_offer(clipboard->party);
    clipboard_provide(clipboard->party, text, -1);
}
