/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "replay.h"

#include "common/error.h"
#include "replay-file.h"
#include "source.h"

#include <stdio.h>
#include <string.h>

#define DEFAULT_RATE   30
#define MAX_RATE       1000
#define MAX_RECTANGLES 1024 /* in one line of a damage file */
#define MAX_LINE       (MAX_RECTANGLES * 24)

struct Source {
    ReplayAddress address;
    Surface *surface;
    const SourceEvents *events;
    gpointer user;
    GThread *thread;
    /* the thread's */
    ReplayFile *file;
    FILE *damage; /* NULL: nothing is known */
    guint8 *frame;
    GMutex mutex;
    GCond wake;
    gboolean stop; /* under mutex */
};

static gboolean
invalid(GError **error, const char *text)
{
    g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID,
                "“%s” is no recording: FILE,size=WIDTHxHEIGHT[,rate=N] is wanted.", text);
    return FALSE;
}

static gboolean
parse_option(const char *option, ReplayAddress *address)
{
    int end = 0;
    if (sscanf(option, "size=%5dx%5d%n", &address->width, &address->height, &end) == 2)
        return option[end] == '\0' && address->width > 0 && address->height > 0 &&
               address->width <= SURFACE_MAX_SIDE && address->height <= SURFACE_MAX_SIDE;
    if (sscanf(option, "rate=%5d%n", &address->rate, &end) == 1)
        return option[end] == '\0' && address->rate >= 0 && address->rate <= MAX_RATE;
    return FALSE;
}

gboolean
replay_address_parse(const char *text, ReplayAddress *address, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(text, ",", -1);
    ReplayAddress parsed = {.rate = DEFAULT_RATE};
    for (guint i = 1; parts[0] && parts[i]; i++)
        if (!parse_option(parts[i], &parsed))
            return invalid(error, text);
    if (!parts[0] || !*parts[0] || !parsed.width)
        return invalid(error, text);
    parsed.path = g_strdup(parts[0]);
    *address = parsed;
    return TRUE;
}

void
replay_address_clear(ReplayAddress *address)
{
    g_clear_pointer(&address->path, g_free);
}

int
replay_damage_parse(const char *line, int width, int height, int (*rectangles)[4], int most)
{
    int n = 0;
    while (*(line += strspn(line, " \t\r\n"))) {
        int x, y, w, h, end = 0;
        if (n == most || sscanf(line, "%5d,%5d,%5d,%5d%n", &x, &y, &w, &h, &end) != 4 || !end)
            return -1;
        if (x < 0 || y < 0 || w < 1 || h < 1 || x + w > width || y + h > height)
            return -1;
        if (!strchr(" \t\r\n", line[end])) /* the end of the line counts */
            return -1;
        memcpy(rectangles[n++], (const int[4]){x, y, w, h}, sizeof *rectangles);
        line += end;
    }
    return n;
}

/* The next line of the damage file. FALSE: from here on nothing is known. */
static gboolean
show_damaged(Source *source)
{
    char line[MAX_LINE];
    int rectangles[MAX_RECTANGLES][4];
    const ReplayAddress *address = &source->address;
    gsize stride = (gsize)address->width * 4, size = stride * (gsize)address->height;
    if (!fgets(line, sizeof line, source->damage))
        return FALSE;
    int n = replay_damage_parse(line, address->width, address->height, rectangles, MAX_RECTANGLES);
    if (n < 0) {
        g_message("The recording's damage file has a line that is none: it is not used further.");
        return FALSE;
    }
    for (int i = 0; i < n; i++) {
        const int *r = rectangles[i];
        gsize offset = (gsize)r[1] * stride + (gsize)r[0] * 4;
        surface_write(source->surface, r[0], r[1], r[2], r[3], source->frame + offset, stride,
                      size - offset);
    }
    return TRUE;
}

static void
show(Source *source)
{
    const ReplayAddress *address = &source->address;
    gsize stride = (gsize)address->width * 4;
    if (source->damage && show_damaged(source))
        return;
    g_clear_pointer(&source->damage, fclose);
    surface_write(source->surface, 0, 0, address->width, address->height, source->frame, stride,
                  stride * (gsize)address->height);
}

/* Until it is time for the next frame; FALSE: the end is wished for. */
static gboolean
wait_until(Source *source, gint64 time)
{
    g_mutex_lock(&source->mutex);
    while (!source->stop && g_cond_wait_until(&source->wake, &source->mutex, time))
        ;
    gboolean go_on = !source->stop;
    g_mutex_unlock(&source->mutex);
    return go_on;
}

static gpointer
play(gpointer user)
{
    Source *source = user;
    const ReplayAddress *address = &source->address;
    gsize size = (gsize)address->width * (gsize)address->height * 4;
    gint64 next = g_get_monotonic_time();
    g_autoptr(GError) error = NULL;
    surface_resize(source->surface, address->width, address->height);
    while (wait_until(source, next) &&
           replay_file_read(source->file, source->frame, size, &error)) {
        show(source);
        next += address->rate ? G_USEC_PER_SEC / address->rate : 0;
    }
    if (error)
        g_message("%s", error->message);
    return NULL;
}

static gboolean
tell_connected(gpointer user)
{
    Source *source = user;
    source->events->connected(source->user);
    return G_SOURCE_REMOVE;
}

static void
replay_close(Source *source)
{
    if (!source)
        return;
    g_mutex_lock(&source->mutex);
    source->stop = TRUE;
    g_cond_signal(&source->wake);
    g_mutex_unlock(&source->mutex);
    if (source->thread)
        g_thread_join(source->thread);
    g_source_remove_by_user_data(source);
    replay_file_close(source->file);
    g_clear_pointer(&source->damage, fclose);
    g_free(source->frame);
    g_mutex_clear(&source->mutex);
    g_cond_clear(&source->wake);
    replay_address_clear(&source->address);
    g_free(source);
}

static Source *
replay_open(const char *text, Surface *surface, const SourceEvents *events, gpointer user,
            GError **error)
{
    ReplayAddress address;
    if (!replay_address_parse(text, &address, error))
        return NULL;
    Source *source = g_new0(Source, 1);
    g_mutex_init(&source->mutex);
    g_cond_init(&source->wake);
    source->address = address;
    source->surface = surface;
    source->events = events;
    source->user = user;
    g_autofree char *damage = g_strconcat(address.path, ".damage", NULL);
    source->file = replay_file_open(address.path, error);
    source->frame = g_try_malloc((gsize)address.width * (gsize)address.height * 4);
    if (!source->file || !source->frame) {
        if (source->file)
            g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_NO_SPACE,
                        "A frame does not fit the memory.");
        replay_close(source);
        return NULL;
    }
    source->damage = fopen(damage, "re");
    source->thread = g_thread_new("replay", play, source);
    g_idle_add(tell_connected, source);
    return source;
}

const SourceType source_replay = {.scheme = "replay", .open = replay_open, .close = replay_close};
