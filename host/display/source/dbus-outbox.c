/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "source/dbus-outbox.h"

typedef enum {
    LETTER_CURSOR,
    LETTER_CURSOR_MOVED,
    LETTER_LOST,
    LETTER_CONNECTED,
    LETTER_LEDS,
    LETTER_AUDIO_START,
    LETTER_AUDIO,
    LETTER_AUDIO_STOP,
    LETTER_AUDIO_VOLUME,
    LETTER_TEXT,
} LetterKind;

typedef struct {
    LetterKind kind;
    Cursor *cursor;
    GBytes *samples;
    char *words; /* a reason, or text */
    int x, y;
    gboolean flag; /* on, for good, mute */
    guint number;  /* rate, lights */
    guint16 left, right;
} Letter;

struct Outbox {
    const SourceEvents *events;
    gpointer user;
    GSource *source;

    GMutex lock; /* guards the queue; a leaf lock */
    GQueue letters;
};

static void
letter_free(Letter *letter)
{
    if (letter->cursor)
        cursor_unref(letter->cursor);
    if (letter->samples)
        g_bytes_unref(letter->samples);
    g_free(letter->words);
    g_free(letter);
}

#define TELL(event, ...)                                                                           \
    do {                                                                                           \
        if (outbox->events->event)                                                                 \
            outbox->events->event(__VA_ARGS__);                                                    \
    } while (0)

static void
deliver(Outbox *outbox, const Letter *letter)
{
    gpointer user = outbox->user;
    switch (letter->kind) {
    case LETTER_CURSOR:
        TELL(cursor, letter->cursor, user);
        break;
    case LETTER_CURSOR_MOVED:
        TELL(cursor_moved, letter->x, letter->y, letter->flag, user);
        break;
    case LETTER_LOST:
        TELL(lost, letter->flag, letter->words, user);
        break;
    case LETTER_CONNECTED:
        TELL(connected, user);
        break;
    case LETTER_LEDS:
        TELL(leds, letter->number, user);
        break;
    case LETTER_AUDIO_START:
        TELL(audio_start, letter->number, user);
        break;
    case LETTER_AUDIO: {
        gsize size;
        const gint16 *samples = g_bytes_get_data(letter->samples, &size);
        TELL(audio, samples, size / 4, user);
        break;
    }
    case LETTER_AUDIO_STOP:
        TELL(audio_stop, user);
        break;
    case LETTER_AUDIO_VOLUME:
        TELL(audio_volume, letter->flag, letter->left, letter->right, user);
        break;
    case LETTER_TEXT:
        TELL(text, letter->words, user);
        break;
    }
}

static gboolean
deliver_all(gpointer user)
{
    Outbox *outbox = user;
    g_mutex_lock(&outbox->lock);
    g_source_set_ready_time(outbox->source, -1);
    GQueue letters = outbox->letters;
    g_queue_init(&outbox->letters);
    g_mutex_unlock(&outbox->lock);
    for (Letter *letter; (letter = g_queue_pop_head(&letters));) {
        deliver(outbox, letter);
        letter_free(letter);
    }
    return G_SOURCE_CONTINUE;
}

static gboolean
dispatch(GSource *source, GSourceFunc callback, gpointer user)
{
    return callback(user);
}

static GSourceFuncs source_funcs = {.dispatch = dispatch};

Outbox *
outbox_new(const SourceEvents *events, gpointer user)
{
    Outbox *outbox = g_new0(Outbox, 1);
    outbox->events = events;
    outbox->user = user;
    g_mutex_init(&outbox->lock);
    g_queue_init(&outbox->letters);
    outbox->source = g_source_new(&source_funcs, sizeof(GSource));
    g_source_set_callback(outbox->source, deliver_all, outbox, NULL);
    g_source_set_static_name(outbox->source, "source outbox");
    g_source_attach(outbox->source, g_main_context_get_thread_default());
    return outbox;
}

void
outbox_free(Outbox *outbox)
{
    if (!outbox)
        return;
    g_source_destroy(outbox->source);
    g_source_unref(outbox->source);
    g_queue_clear_full(&outbox->letters, (GDestroyNotify)letter_free);
    g_mutex_clear(&outbox->lock);
    g_free(outbox);
}

/* Removes the letters of the kinds in mask but for the newest keep of them. */
static void
drop_locked(Outbox *outbox, guint mask, guint keep)
{
    for (GList *link = outbox->letters.tail; link;) {
        GList *previous = link->prev;
        Letter *letter = link->data;
        if (mask & (1u << letter->kind)) {
            if (keep > 0) {
                keep--;
            } else {
                letter_free(letter);
                g_queue_delete_link(&outbox->letters, link);
            }
        }
        link = previous;
    }
}

/* Replaces the letters of the kinds in mask. */
static void
post(Outbox *outbox, Letter value, guint mask, guint keep)
{
    Letter *letter = g_new(Letter, 1);
    *letter = value;
    g_mutex_lock(&outbox->lock);
    drop_locked(outbox, mask, keep);
    g_queue_push_tail(&outbox->letters, letter);
    g_source_set_ready_time(outbox->source, 0);
    g_mutex_unlock(&outbox->lock);
}

void
outbox_post_cursor(Outbox *outbox, Cursor *cursor)
{
    post(outbox, (Letter){.kind = LETTER_CURSOR, .cursor = cursor ? cursor_ref(cursor) : NULL},
         1u << LETTER_CURSOR, 0);
}

void
outbox_post_cursor_moved(Outbox *outbox, int x, int y, gboolean on)
{
    post(outbox, (Letter){.kind = LETTER_CURSOR_MOVED, .x = x, .y = y, .flag = on},
         1u << LETTER_CURSOR_MOVED, 0);
}

void
outbox_post_lost(Outbox *outbox, gboolean for_good, const char *reason)
{
    post(outbox, (Letter){.kind = LETTER_LOST, .flag = for_good, .words = g_strdup(reason)},
         1u << LETTER_LOST | 1u << LETTER_CONNECTED, 0);
}

void
outbox_post_connected(Outbox *outbox)
{
    post(outbox, (Letter){.kind = LETTER_CONNECTED}, 1u << LETTER_LOST | 1u << LETTER_CONNECTED, 0);
}

void
outbox_post_leds(Outbox *outbox, guint leds)
{
    post(outbox, (Letter){.kind = LETTER_LEDS, .number = leds}, 1u << LETTER_LEDS, 0);
}

#define ALL_SOUND (1u << LETTER_AUDIO_START | 1u << LETTER_AUDIO | 1u << LETTER_AUDIO_STOP)

void
outbox_post_audio_start(Outbox *outbox, guint rate)
{
    post(outbox, (Letter){.kind = LETTER_AUDIO_START, .number = rate}, ALL_SOUND, 0);
}

void
outbox_post_audio(Outbox *outbox, GBytes *samples)
{
    post(outbox, (Letter){.kind = LETTER_AUDIO, .samples = g_bytes_ref(samples)},
         1u << LETTER_AUDIO, OUTBOX_MAX_SOUND - 1);
}

void
outbox_post_audio_stop(Outbox *outbox)
{
    post(outbox, (Letter){.kind = LETTER_AUDIO_STOP}, ALL_SOUND, 0);
}

void
outbox_post_audio_volume(Outbox *outbox, gboolean mute, guint16 left, guint16 right)
{
    post(outbox, (Letter){.kind = LETTER_AUDIO_VOLUME, .flag = mute, .left = left, .right = right},
         1u << LETTER_AUDIO_VOLUME, 0);
}

void
outbox_post_text(Outbox *outbox, const char *text)
{
    post(outbox, (Letter){.kind = LETTER_TEXT, .words = g_strdup(text)}, 1u << LETTER_TEXT, 0);
}
