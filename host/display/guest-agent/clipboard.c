/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest-agent/clipboard.h"

#include <string.h>

#define ANSWER_MS   3000
#define MAX_FETCHES 64 /* asked and not yet answered, of all parties together */

typedef enum { NOTE_OFFERED = 1, NOTE_WANTED = 2, NOTE_CLEARED = 4 } Note;

struct ClipboardParty {
    Clipboard *clipboard;
    const ClipboardEvents *events;
    gpointer user;
    guint notes; /* to be told from the main loop */
};

typedef struct {
    ClipboardParty *party;
    void (*done)(const char *text, gpointer user);
    gpointer user;
} Fetch;

struct Clipboard {
    GPtrArray *parties;
    ClipboardParty *owner; /* NULL: nobody; text then outlived its owner, or is NULL too */
    char *text;            /* what the owner provided; NULL: not asked yet */
    GQueue fetches;        /* Fetch, waiting for text */
    guint deadline;
    GSource *telling;
};

Clipboard *
clipboard_new(void)
{
    Clipboard *clipboard = g_new0(Clipboard, 1);
    clipboard->parties = g_ptr_array_new();
    g_queue_init(&clipboard->fetches);
    return clipboard;
}

void
clipboard_free(Clipboard *clipboard)
{
    if (!clipboard)
        return;
    g_clear_handle_id(&clipboard->deadline, g_source_remove);
    if (clipboard->telling) {
        g_source_destroy(clipboard->telling);
        g_source_unref(clipboard->telling);
    }
    g_queue_clear_full(&clipboard->fetches, g_free);
    g_ptr_array_unref(clipboard->parties);
    g_free(clipboard->text);
    g_free(clipboard);
}

static void
tell(ClipboardParty *party, guint notes)
{
    if ((notes & NOTE_OFFERED) && party->events->offered)
        party->events->offered(party->user);
    else if ((notes & NOTE_CLEARED) && party->events->cleared)
        party->events->cleared(party->user);
    else if ((notes & NOTE_WANTED) && party->events->wanted)
        party->events->wanted(party->user);
}

/* An event may change the list of parties, so the search begins anew after each. */
static gboolean
tell_parties(gpointer user)
{
    Clipboard *clipboard = user;
    for (guint i = 0; i < clipboard->parties->len;) {
        ClipboardParty *party = g_ptr_array_index(clipboard->parties, i);
        if (!party->notes) {
            i++;
            continue;
        }
        guint note = party->notes & -party->notes; /* the lowest bit */
        party->notes &= ~note;
        tell(party, note);
        i = 0;
    }
    g_clear_pointer(&clipboard->telling, g_source_unref);
    return G_SOURCE_REMOVE;
}

static void
note(ClipboardParty *party, Note what)
{
    Clipboard *clipboard = party->clipboard;
    if (what != NOTE_WANTED)
        party->notes &= ~(guint)(NOTE_OFFERED | NOTE_CLEARED);
    party->notes |= what;
    if (clipboard->telling)
        return;
    clipboard->telling = g_idle_source_new();
    g_source_set_priority(clipboard->telling, G_PRIORITY_DEFAULT);
    g_source_set_callback(clipboard->telling, tell_parties, clipboard, NULL);
    g_source_attach(clipboard->telling, NULL);
}

static void
note_others(Clipboard *clipboard, const ClipboardParty *but, Note what)
{
    for (guint i = 0; i < clipboard->parties->len; i++) {
        ClipboardParty *party = g_ptr_array_index(clipboard->parties, i);
        if (party != but)
            note(party, what);
    }
}

/* text is the clipboard's own and may change in a callback, hence the copy. */
static void
answer_fetches(Clipboard *clipboard, const char *text)
{
    g_autofree char *copy = g_strdup(text);
    g_clear_handle_id(&clipboard->deadline, g_source_remove);
    for (guint n = clipboard->fetches.length; n > 0 && clipboard->fetches.length > 0; n--) {
        g_autofree Fetch *fetch = g_queue_pop_head(&clipboard->fetches);
        fetch->done(copy, fetch->user);
    }
}

ClipboardParty *
clipboard_join(Clipboard *clipboard, const ClipboardEvents *events, gpointer user)
{
    ClipboardParty *party = g_new0(ClipboardParty, 1);
    party->clipboard = clipboard;
    party->events = events;
    party->user = user;
    g_ptr_array_add(clipboard->parties, party);
    if (clipboard->owner || clipboard->text)
        note(party, NOTE_OFFERED);
    return party;
}

void
clipboard_leave(ClipboardParty *party)
{
    if (!party)
        return;
    Clipboard *clipboard = party->clipboard;
    g_ptr_array_remove_fast(clipboard->parties, party);
    for (GList *link = clipboard->fetches.head; link;) {
        GList *next = link->next;
        Fetch *fetch = link->data;
        if (fetch->party == party) {
            g_free(fetch);
            g_queue_delete_link(&clipboard->fetches, link);
        }
        link = next;
    }
    if (clipboard->owner == party) {
        clipboard->owner = NULL; /* text that it has given stays to be pasted */
        if (!clipboard->text) {
            answer_fetches(clipboard, NULL);
            note_others(clipboard, NULL, NOTE_CLEARED);
        }
    }
    g_free(party);
}

void
clipboard_offer(ClipboardParty *party)
{
    Clipboard *clipboard = party->clipboard;
    clipboard->owner = party;
    g_clear_pointer(&clipboard->text, g_free);
    party->notes = 0;
    note_others(clipboard, party, NOTE_OFFERED);
    answer_fetches(clipboard, NULL);
}

/* Any bytes to what the header promises. */
static char *
clean(const char *text, gsize size)
{
    const char *nul = memchr(text, 0, size);
    if (nul)
        size = (gsize)(nul - text);
    if (size > CLIPBOARD_MAX) {
        g_message("Clipboard text of %" G_GSIZE_FORMAT " bytes was cut to %d.", size,
                  CLIPBOARD_MAX);
        size = CLIPBOARD_MAX;
        while (size > 0 && ((guchar)text[size] & 0xc0) == 0x80)
            size--;
    }
    g_autofree char *valid = g_utf8_make_valid(text, (gssize)size);
    /* Replacement characters are longer than the bytes they stand for. */
    if (strlen(valid) > CLIPBOARD_MAX) {
        char *end = g_utf8_find_prev_char(valid, valid + CLIPBOARD_MAX);
        *end = '\0';
    }
    char *out = valid;
    for (const char *in = valid; *in; in++)
        if (in[0] != '\r' || in[1] != '\n')
            *out++ = *in;
    *out = '\0';
    return g_steal_pointer(&valid);
}

void
clipboard_provide(ClipboardParty *party, const char *text, gssize size)
{
    Clipboard *clipboard = party->clipboard;
    if (clipboard->owner != party)
        return; /* somebody else copied in the meantime */
    g_free(clipboard->text);
    clipboard->text = clean(text, size < 0 ? strlen(text) : (gsize)size);
    answer_fetches(clipboard, clipboard->text);
}

static gboolean
owner_is_silent(gpointer user)
{
    Clipboard *clipboard = user;
    clipboard->deadline = 0;
    answer_fetches(clipboard, NULL);
    return G_SOURCE_REMOVE;
}

void
clipboard_fetch(ClipboardParty *party, void (*done)(const char *text, gpointer user), gpointer user)
{
    Clipboard *clipboard = party->clipboard;
    if (clipboard->text && clipboard->owner != party) {
        g_autofree char *copy = g_strdup(clipboard->text);
        done(copy, user);
        return;
    }
    if (!clipboard->owner || clipboard->owner == party ||
        clipboard->fetches.length >= MAX_FETCHES) {
        done(NULL, user);
        return;
    }
    Fetch *fetch = g_new(Fetch, 1);
    *fetch = (Fetch){.party = party, .done = done, .user = user};
    g_queue_push_tail(&clipboard->fetches, fetch);
    if (clipboard->deadline)
        return; /* asked already */
    clipboard->deadline = g_timeout_add(ANSWER_MS, owner_is_silent, clipboard);
    note(clipboard->owner, NOTE_WANTED);
}
