/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A sink that writes what it is shown as a recording (source/replay.h): the frames,
 * zstd-compressed, and beside them what changed in each. One frame is copied and handed to a thread
 * of its own; what comes while that writes is only remembered as a region, so a slow disk leaves
 * out frames and delays nobody. What cannot be written any more ends the recording, never the
 * display.
 */
#include "common/error.h"
#include "region.h"
#include "sink.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h> /* rather than GLib's locks: ThreadSanitizer follows these */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#define LEVEL          1
#define WINDOW         27  /* log2: frames are like the one before, which is some megabytes back */
#define MAX_RECTANGLES 512 /* in a line of the damage file; the reader takes twice as many */

struct Sink {
    SinkContext context;
    char *path;
    GThread *thread;
    guint32 generation; /* of what is recorded */
    pixman_region32_t missed;
    gboolean warned;
    /* the thread's while full is set, else the main thread's */
    guint32 *pixels; /* rows without gaps; NULL before the first frame */
    int width, height;
    pixman_region32_t changed;
    /* the thread's */
    FILE *frames, *damage;
    ZSTD_CCtx *zstd;
    void *packed;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    /* under mutex */
    gboolean full, stop, over;
    guint room;      /* idle source */
    guint64 written; /* frames */
};

/* The thread -------------------------------------------------------------------------------------
 */

/* FALSE, with errno, when not all of it went into the file. */
static gboolean
compress(Sink *sink, const void *data, gsize size, ZSTD_EndDirective directive)
{
    ZSTD_inBuffer in = {data, size, 0};
    gsize left;
    do {
        ZSTD_outBuffer out = {sink->packed, ZSTD_CStreamOutSize(), 0};
        left = ZSTD_compressStream2(sink->zstd, &out, &in, directive);
        if (ZSTD_isError(left)) {
            errno = ENOMEM;
            return FALSE;
        }
        if (out.pos && fwrite(sink->packed, out.pos, 1, sink->frames) != 1)
            return FALSE;
    } while (left);
    return fflush(sink->frames) == 0;
}

static gboolean
write_damage(Sink *sink)
{
    int n;
    const pixman_box32_t *box = region_boxes(&sink->changed, &n);
    for (int i = 0; i < n; i++)
        fprintf(sink->damage, "%s%d,%d,%d,%d", i ? " " : "", box[i].x1, box[i].y1,
                box[i].x2 - box[i].x1, box[i].y2 - box[i].y1);
    fputc('\n', sink->damage);
    return fflush(sink->damage) == 0;
}

static gboolean
tell_room(gpointer user)
{
    Sink *sink = user;
    pthread_mutex_lock(&sink->mutex);
    sink->room = 0;
    pthread_mutex_unlock(&sink->mutex);
    sink->context.events->wants_frame(sink->context.user);
    return G_SOURCE_REMOVE;
}

static void
write_frame(Sink *sink)
{
    gsize size = (gsize)sink->width * (gsize)sink->height * sizeof *sink->pixels;
    /* Flushed, so that a display that is killed leaves whole frames. */
    gboolean good = write_damage(sink) && compress(sink, sink->pixels, size, ZSTD_e_flush);
    if (!good)
        g_warning("The recording %s ends here: %s.", sink->path, g_strerror(errno));
    pthread_mutex_lock(&sink->mutex);
    sink->full = FALSE;
    sink->over |= !good;
    sink->written += good;
    if (!sink->stop && !sink->room && good)
        sink->room = g_idle_add(tell_room, sink);
    pthread_mutex_unlock(&sink->mutex);
}

static gpointer
write_frames(gpointer user)
{
    Sink *sink = user;
    for (;;) {
        pthread_mutex_lock(&sink->mutex);
        while (!sink->full && !sink->stop)
            pthread_cond_wait(&sink->wake, &sink->mutex);
        gboolean full = sink->full, over = sink->over;
        pthread_mutex_unlock(&sink->mutex);
        if (full)
            write_frame(sink);
        else if (over || compress(sink, NULL, 0, ZSTD_e_end))
            return NULL;
        else {
            g_warning("The end of the recording %s cannot be written: %s.", sink->path,
                      g_strerror(errno));
            return NULL;
        }
    }
}

/* The main thread --------------------------------------------------------------------------------
 */

static gboolean
record_ready(Sink *sink)
{
    pthread_mutex_lock(&sink->mutex);
    gboolean ready = !sink->full && !sink->over;
    pthread_mutex_unlock(&sink->mutex);
    return ready;
}

/* Only the first size is recorded: the file does not tell of another. */
static gboolean
has_size(Sink *sink, const Frame *frame)
{
    if (!sink->pixels) {
        sink->generation = frame->generation;
        sink->width = frame->width;
        sink->height = frame->height;
        sink->pixels = g_try_new(guint32, (gsize)frame->width * (gsize)frame->height);
        pixman_region32_union_rect(&sink->missed, &sink->missed, 0, 0, (unsigned)frame->width,
                                   (unsigned)frame->height);
        if (sink->pixels)
            g_message("Recording %dx%d to %s.", sink->width, sink->height, sink->path);
        return sink->pixels != NULL;
    }
    if (sink->generation != frame->generation && !sink->warned) {
        g_message("The recording %s ends: the screen has another size.", sink->path);
        sink->warned = TRUE;
    }
    return sink->generation == frame->generation;
}

static void
copy(Sink *sink, const Frame *frame)
{
    int n;
    region_bound(&sink->missed, MAX_RECTANGLES);
    pixman_region32_intersect_rect(&sink->missed, &sink->missed, 0, 0, (unsigned)sink->width,
                                   (unsigned)sink->height);
    pixman_region32_copy(&sink->changed, &sink->missed);
    pixman_region32_clear(&sink->missed);
    const pixman_box32_t *box = region_boxes(&sink->changed, &n);
    for (int i = 0; i < n; i++)
        for (int y = box[i].y1; y < box[i].y2; y++)
            memcpy(sink->pixels + (gsize)y * (gsize)sink->width + box[i].x1,
                   frame->pixels + (gsize)y * (gsize)frame->stride + box[i].x1,
                   (gsize)(box[i].x2 - box[i].x1) * sizeof *sink->pixels);
}

static void
record_present(Sink *sink, const Frame *frame, const Plan *plan)
{
    pthread_mutex_lock(&sink->mutex);
    gboolean over = sink->over, full = sink->full;
    pthread_mutex_unlock(&sink->mutex);
    if (over || (full && !sink->pixels))
        return;
    if (!has_size(sink, frame)) {
        pthread_mutex_lock(&sink->mutex);
        sink->over = TRUE;
        pthread_mutex_unlock(&sink->mutex);
        return;
    }
    pixman_region32_union(&sink->missed, &sink->missed, (pixman_region32_t *)&frame->damage);
    if (full || region_is_empty(&sink->missed))
        return;
    copy(sink, frame);
    pthread_mutex_lock(&sink->mutex);
    sink->full = TRUE;
    pthread_cond_signal(&sink->wake);
    pthread_mutex_unlock(&sink->mutex);
}

static void
record_close(Sink *sink)
{
    if (!sink)
        return;
    pthread_mutex_lock(&sink->mutex);
    sink->stop = TRUE;
    pthread_cond_signal(&sink->wake);
    pthread_mutex_unlock(&sink->mutex);
    if (sink->thread)
        g_thread_join(sink->thread);
    g_clear_handle_id(&sink->room, g_source_remove);
    g_clear_pointer(&sink->frames, fclose);
    g_clear_pointer(&sink->damage, fclose);
    ZSTD_freeCCtx(sink->zstd);
    pixman_region32_fini(&sink->missed);
    pixman_region32_fini(&sink->changed);
    pthread_mutex_destroy(&sink->mutex);
    pthread_cond_destroy(&sink->wake);
    g_free(sink->packed);
    g_free(sink->pixels);
    g_free(sink->path);
    g_free(sink);
}

/* What is on a screen is its user's alone. */
static FILE *
create(const char *path, GError **error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *stream = fd < 0 ? NULL : fdopen(fd, "w");
    if (!stream)
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED, "%s cannot be written: %s.", path,
                    g_strerror(errno));
    return stream;
}

static Sink *
record_open(const SinkContext *context, GError **error)
{
    Sink *sink = g_new0(Sink, 1);
    g_autofree char *beside = g_strconcat(context->path, ".damage", NULL);
    pthread_mutex_init(&sink->mutex, NULL);
    pthread_cond_init(&sink->wake, NULL);
    pixman_region32_init(&sink->missed);
    pixman_region32_init(&sink->changed);
    sink->context = *context;
    sink->path = g_strdup(context->path);
    sink->frames = create(sink->path, error);
    sink->damage = sink->frames ? create(beside, error) : NULL;
    if (!sink->damage) {
        record_close(sink);
        return NULL;
    }
    sink->packed = g_malloc(ZSTD_CStreamOutSize());
    sink->zstd = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(sink->zstd, ZSTD_c_compressionLevel, LEVEL);
    ZSTD_CCtx_setParameter(sink->zstd, ZSTD_c_enableLongDistanceMatching, 1);
    ZSTD_CCtx_setParameter(sink->zstd, ZSTD_c_windowLog, WINDOW);
    sink->thread = g_thread_new("record", write_frames, sink);
    return sink;
}

/* Nobody connects to a file. */
static gboolean
record_add_client(Sink *sink, int fd, GError **error)
{
    close(fd);
    g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_REFUSED, "A recording has no clients.");
    return FALSE;
}

static void
record_stats(Sink *sink, json_t *object)
{
    pthread_mutex_lock(&sink->mutex);
    json_object_set_new(object, "recorded_frames", json_integer((json_int_t)sink->written));
    json_object_set_new(object, "recording", json_boolean(!sink->over));
    pthread_mutex_unlock(&sink->mutex);
}

const SinkType sink_record = {
    .name = "record",
    .open = record_open,
    .close = record_close,
    .add_client = record_add_client,
    .ready = record_ready,
    .present = record_present,
    .stats = record_stats,
};
