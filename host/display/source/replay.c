/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "replay.h"

#include "../measure.h"
#include "../region.h"
#include "common/error.h"
#include "replay-damage.h"
#include "replay-frames.h"
#include "source.h"

#include <pthread.h> /* rather than GLib's locks: ThreadSanitizer follows these */
#include <stdio.h>
#include <string.h>

#define DEFAULT_RATE 30
#define MAX_RATE     1000
#define MAX_LOADED   ((gsize)1 << 30) /* bytes decoded beforehand */

struct Source {
    ReplayAddress address;
    Surface *surface;
    const SourceEvents *events;
    gpointer user;
    GThread *thread;
    gint stopping; /* atomic: the same as stop, for a thread that is loading */
    /* the thread's */
    ReplayFrames *frames;
    ReplayDamage *damage; /* NULL: nothing is known */
    pixman_region32_t changed;
    pthread_mutex_t mutex;
    pthread_cond_t wake; /* by CLOCK_MONOTONIC */
    /* under mutex */
    gboolean stop;
    guint64 granted; /* lockstep: frames that may be shown */
    SourceProgress progress;
};

static gboolean
invalid(GError **error, const char *text)
{
    g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID,
                "“%s” is no recording: FILE,size=WIDTHxHEIGHT[,rate=N|lockstep] is wanted.", text);
    return FALSE;
}

static gboolean
parse_option(const char *option, ReplayAddress *address)
{
    int end = 0;
    if (sscanf(option, "size=%5dx%5d%n", &address->width, &address->height, &end) == 2)
        return option[end] == '\0' && address->width > 0 && address->height > 0 &&
               address->width <= SURFACE_MAX_SIDE && address->height <= SURFACE_MAX_SIDE;
    address->lockstep = g_str_equal(option, "rate=lockstep");
    if (!address->lockstep && sscanf(option, "rate=%5d%n", &address->rate, &end) == 1)
        return option[end] == '\0' && address->rate >= 0 && address->rate <= MAX_RATE;
    return address->lockstep;
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

/* The thread -------------------------------------------------------------------------------------
 */

/* FALSE: the time (µs, monotonic) has come. */
static gboolean
wait_until(Source *source, gint64 time)
{
    const struct timespec until = {time / G_USEC_PER_SEC, time % G_USEC_PER_SEC * 1000};
    return pthread_cond_timedwait(&source->wake, &source->mutex, &until) == 0;
}

static void
init_locks(Source *source)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&source->mutex, NULL);
    pthread_cond_init(&source->wake, &attributes);
    pthread_condattr_destroy(&attributes);
}

/* Until it is time for the next frame; FALSE: the end is wished for. */
static gboolean
wait_for_turn(Source *source, gint64 time)
{
    pthread_mutex_lock(&source->mutex);
    if (source->address.lockstep)
        while (!source->stop && source->progress.shown >= source->granted)
            pthread_cond_wait(&source->wake, &source->mutex);
    else
        while (!source->stop && wait_until(source, time))
            ;
    if (!source->stop && !source->progress.shown) {
        source->progress.begin_us = g_get_monotonic_time();
        source->progress.begin_cpu_us = measure_cpu_us();
    }
    gboolean go_on = !source->stop;
    pthread_mutex_unlock(&source->mutex);
    return go_on;
}

static void
show(Source *source, const guint32 *pixels)
{
    const ReplayAddress *address = &source->address;
    gboolean known = source->damage && replay_damage_next(source->damage, &source->changed);
    surface_show(source->surface, pixels, address->width, address->height,
                 (gsize)address->width * sizeof *pixels, known ? &source->changed : NULL);
    pthread_mutex_lock(&source->mutex);
    source->progress.shown++;
    /* Where nothing changed, nobody is sent anything, and nobody tells that it was. */
    if (known && region_is_empty(&source->changed))
        source->granted = MAX(source->granted, source->progress.shown + 1);
    pthread_mutex_unlock(&source->mutex);
}

static gboolean
tell_ended(gpointer user)
{
    Source *source = user;
    if (source->events->ended)
        source->events->ended(source->user);
    return G_SOURCE_REMOVE;
}

static gpointer
play(gpointer user)
{
    Source *source = user;
    const ReplayAddress *address = &source->address;
    const guint32 *pixels;
    g_autoptr(GError) error = NULL;
    replay_frames_load(source->frames, MAX_LOADED, &source->stopping);
    gint64 next = g_get_monotonic_time();
    while ((pixels = replay_frames_next(source->frames, &error)) && wait_for_turn(source, next)) {
        show(source, pixels);
        next += address->rate ? G_USEC_PER_SEC / address->rate : 0;
    }
    if (error)
        g_message("%s", error->message);
    pthread_mutex_lock(&source->mutex);
    source->progress.ended = TRUE;
    if (!source->stop)
        g_idle_add(tell_ended, source);
    pthread_mutex_unlock(&source->mutex);
    return NULL;
}

/* The main thread --------------------------------------------------------------------------------
 */

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
    g_atomic_int_set(&source->stopping, TRUE);
    pthread_mutex_lock(&source->mutex);
    source->stop = TRUE;
    pthread_cond_signal(&source->wake);
    pthread_mutex_unlock(&source->mutex);
    if (source->thread)
        g_thread_join(source->thread);
    while (g_source_remove_by_user_data(source))
        ;
    /* The surface still points at a frame. */
    if (source->thread)
        surface_resize(source->surface, source->address.width, source->address.height);
    replay_frames_close(source->frames);
    replay_damage_close(source->damage);
    pixman_region32_fini(&source->changed);
    pthread_mutex_destroy(&source->mutex);
    pthread_cond_destroy(&source->wake);
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
    init_locks(source);
    pixman_region32_init(&source->changed);
    source->address = address;
    source->surface = surface;
    source->events = events;
    source->user = user;
    source->frames = replay_frames_open(address.path, address.width, address.height, error);
    if (!source->frames) {
        replay_close(source);
        return NULL;
    }
    g_autofree char *beside = g_strconcat(address.path, ".damage", NULL);
    source->damage = replay_damage_open(beside, address.width, address.height);
    /* Here, not in the thread: the first client is told the right size. */
    surface_resize(surface, address.width, address.height);
    source->thread = g_thread_new("replay", play, source);
    g_idle_add(tell_connected, source);
    return source;
}

static void
replay_progress(Source *source, SourceProgress *progress)
{
    pthread_mutex_lock(&source->mutex);
    *progress = source->progress;
    pthread_mutex_unlock(&source->mutex);
}

static void
replay_sent(Source *source, guint64 shown)
{
    pthread_mutex_lock(&source->mutex);
    if (shown == source->progress.shown && source->granted <= shown) {
        source->granted = shown + 1;
        pthread_cond_signal(&source->wake);
    }
    pthread_mutex_unlock(&source->mutex);
}

const SourceType source_replay = {.scheme = "replay",
                                  .open = replay_open,
                                  .close = replay_close,
                                  .progress = replay_progress,
                                  .sent = replay_sent};
