/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/error.h"
#include "region.h"
#include "sink/sink.h"
#include "sink/spice-link.h"
#include "sink/spice-viewer.h"

#include <unistd.h>

#define MAX_VIEWERS  16
#define MAX_LINKS    64  /* connections that have not said whose they are */
#define MAX_DRAWINGS 128 /* of one frame: fewer, larger bitmaps beyond that */
/* A slow viewer's frames are too far apart to tell a video by. Where there may be one, frames are
 * looked at meanwhile this often, and so often until a viewer takes one again. */
#define PEEP_MS   50
#define MAX_PEEPS 60
#define PEEP_AREA (160 * 112) /* pixels: smaller is no video */

/* The SPICE sink: all viewers, each with a server of its own. */
struct Sink {
    SinkContext context;
    GPtrArray *viewers, *links;
    BitmapPool *bitmaps;
    GArray *drawings; /* of the frame that is presented */
    const Frame *frame;
    gboolean maybe_video; /* most of what changed last looks like photographs and did not move */
    guint peep, peeps;    /* the timer; how many in a row */
    gboolean peep_due;
    ClientStats gone; /* what viewers counted that have left */
    Cursor *cursor;   /* NULL: hidden */
    guint rate;       /* of the sound that plays; 0: none */
    gboolean has_volume, mute;
    guint16 left, right;
};

static void
on_gone(SpiceViewer *viewer, gpointer user)
{
    Sink *sink = user;
    gboolean was_client = spice_viewer_connection(viewer) != 0;
    ClientStats stats;
    spice_viewer_stats(viewer, &stats);
    client_stats_sum(&sink->gone, &stats);
    g_ptr_array_remove_fast(sink->viewers, viewer); /* frees it */
    if (was_client && sink->context.events->clients_changed)
        sink->context.events->clients_changed(sink->context.user);
}

static void
on_changed(gpointer user)
{
    Sink *sink = user;
    if (sink->context.events->clients_changed)
        sink->context.events->clients_changed(sink->context.user);
}

static const SpiceViewerEvents viewer_events = {.gone = on_gone, .changed = on_changed};

static Sink *
spice_open(const SinkContext *context, GError **error)
{
    Sink *sink = g_new0(Sink, 1);
    sink->context = *context;
    sink->viewers = g_ptr_array_new_with_free_func((GDestroyNotify)spice_viewer_free);
    sink->bitmaps = bitmap_pool_new();
    sink->drawings = g_array_sized_new(FALSE, FALSE, sizeof(Drawing), MAX_DRAWINGS);
    sink->links = g_ptr_array_new_with_free_func((GDestroyNotify)spice_link_free);
    return sink;
}

static void
spice_close(Sink *sink)
{
    if (!sink)
        return;
    g_clear_handle_id(&sink->peep, g_source_remove);
    g_ptr_array_unref(sink->links);
    g_ptr_array_unref(sink->viewers);
    g_array_unref(sink->drawings);
    bitmap_pool_free(sink->bitmaps);
    g_clear_pointer(&sink->cursor, cursor_unref);
    g_free(sink);
}

static SpiceViewer *
find_viewer(Sink *sink, guint32 connection)
{
    for (guint i = 0; i < sink->viewers->len; i++) {
        SpiceViewer *viewer = g_ptr_array_index(sink->viewers, i);
        if (connection && spice_viewer_connection(viewer) == connection)
            return viewer;
    }
    return NULL;
}

static SpiceViewer *
new_viewer(Sink *sink, GError **error)
{
    if (sink->viewers->len >= MAX_VIEWERS) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_BUSY,
                    "The desktop has %d SPICE viewers already.", MAX_VIEWERS);
        return NULL;
    }
    SpiceViewer *viewer =
        spice_viewer_new(&sink->context, sink->bitmaps, sink->frame, &viewer_events, sink);
    if (!viewer) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED, "The SPICE server did not start.");
        return NULL;
    }
    g_ptr_array_add(sink->viewers, viewer);
    qxl_screen_cursor(spice_viewer_screen(viewer), sink->cursor);
    if (sink->rate)
        spice_viewer_sound_start(viewer, sink->rate);
    if (sink->has_volume)
        spice_viewer_sound_volume(viewer, sink->mute, sink->left, sink->right);
    sink->context.events->wants_frame(sink->context.user);
    return viewer;
}

static void
on_known(SpiceLink *link, int fd, guint32 connection, gpointer user)
{
    Sink *sink = user;
    guint index;
    if (g_ptr_array_find(sink->links, link, &index))
        g_ptr_array_steal_index_fast(sink->links, index);
    if (fd < 0)
        return;
    g_autoptr(GError) error = NULL;
    SpiceViewer *viewer = find_viewer(sink, connection);
    if (!viewer && !connection)
        viewer = new_viewer(sink, &error);
    if (!viewer) {
        if (error)
            g_warning("%s", error->message);
        close(fd); /* also a channel of a viewer that is not here any more */
    } else if (!spice_viewer_add(viewer, fd, &error)) {
        g_warning("%s", error->message);
    }
}

static gboolean
spice_add_client(Sink *sink, int fd, GError **error)
{
    if (sink->links->len >= MAX_LINKS) {
        close(fd);
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_BUSY, "Too many SPICE connections at once.");
        return FALSE;
    }
    g_ptr_array_add(sink->links, spice_link_new(fd, on_known, sink));
    return TRUE;
}

static gboolean
peep(gpointer user)
{
    Sink *sink = user;
    sink->peep = 0;
    sink->peeps++;
    sink->peep_due = TRUE;
    sink->context.events->wants_frame(sink->context.user);
    return G_SOURCE_REMOVE;
}

/* No viewer has room. */
static gboolean
may_peep(Sink *sink)
{
    gboolean due = sink->peep_due;
    sink->peep_due = FALSE;
    if (sink->maybe_video && sink->peeps < MAX_PEEPS && !sink->peep)
        sink->peep = g_timeout_add(PEEP_MS, peep, sink);
    return due;
}

static gboolean
spice_ready(Sink *sink)
{
    gboolean ready = FALSE;
    for (guint i = 0; i < sink->viewers->len; i++)
        ready |= qxl_screen_ready(spice_viewer_screen(g_ptr_array_index(sink->viewers, i)));
    if (ready) {
        g_clear_handle_id(&sink->peep, g_source_remove);
        sink->peeps = 0;
    }
    return ready || may_peep(sink);
}

static gboolean
looks_like_video(const Plan *plan)
{
    guint n_ops;
    gint64 photos = 0, others = 0;
    const PlanOp *ops = plan_ops(plan, &n_ops);
    for (guint i = 0; i < n_ops; i++) {
        gint64 area = (gint64)ops[i].width * ops[i].height;
        if (ops[i].kind == PLAN_LOSSY || ops[i].kind == PLAN_VIDEO)
            photos += area;
        else
            others += area;
    }
    return photos > others && photos >= PEEP_AREA;
}

static void
add_drawing(Sink *sink, const PlanOp *op, const Frame *frame)
{
    Drawing drawing = {.op = *op};
    if (op->kind != PLAN_COPY && op->kind != PLAN_FILL)
        drawing.bitmap = bitmap_new(sink->bitmaps, frame->pixels, frame->stride, op->x, op->y,
                                    op->width, op->height);
    g_array_append_val(sink->drawings, drawing);
}

/* A region's pixels as few, large bitmaps: each costs the viewer a message. */
static void
add_pixels(Sink *sink, PlanKind kind, pixman_region32_t *region, const Frame *frame)
{
    int n_boxes;
    region_bound(region, MAX_DRAWINGS / 4);
    pixman_region32_intersect_rect(region, region, 0, 0, (guint)frame->width, (guint)frame->height);
    const pixman_box32_t *boxes = region_boxes(region, &n_boxes);
    for (int i = 0; i < n_boxes; i++)
        add_drawing(sink,
                    &(PlanOp){.kind = kind,
                              .x = boxes[i].x1,
                              .y = boxes[i].y1,
                              .width = boxes[i].x2 - boxes[i].x1,
                              .height = boxes[i].y2 - boxes[i].y1},
                    frame);
}

/* Copies first, as they read what the viewer has; then all that is neither video nor one colour,
 * photographs apart from what has to stay sharp on a slow link; then what is exactly a rectangle,
 * as one that covers others (regions grow when they have too many parts) would hide it. */
static void
make_drawings(Sink *sink, const Frame *frame, const Plan *plan)
{
    guint n_ops, n_copies = 0, n_fills = 0;
    const PlanOp *ops = plan_ops(plan, &n_ops);
    pixman_region32_t sharp, photos;
    pixman_region32_init(&sharp);
    pixman_region32_init(&photos);
    for (guint i = 0; i < n_ops; i++) {
        gboolean is_rectangle =
            ops[i].kind == PLAN_VIDEO || (ops[i].kind == PLAN_FILL && n_fills++ < MAX_DRAWINGS / 4);
        if (ops[i].kind == PLAN_COPY && n_copies++ < MAX_DRAWINGS / 4)
            add_drawing(sink, &ops[i], frame);
        else if (!is_rectangle)
            region_add(ops[i].kind == PLAN_LOSSY ? &photos : &sharp, ops[i].x, ops[i].y,
                       ops[i].width, ops[i].height);
    }
    add_pixels(sink, PLAN_LOSSY, &photos, frame);
    add_pixels(sink, PLAN_RAW, &sharp, frame);
    n_fills = 0;
    for (guint i = 0; i < n_ops; i++)
        if (ops[i].kind == PLAN_VIDEO || (ops[i].kind == PLAN_FILL && n_fills++ < MAX_DRAWINGS / 4))
            add_drawing(sink, &ops[i], frame);
    pixman_region32_fini(&sharp);
    pixman_region32_fini(&photos);
}

static void
spice_present(Sink *sink, const Frame *frame, const Plan *plan)
{
    sink->frame = frame;
    if (sink->viewers->len == 0)
        return;
    if (plan)
        make_drawings(sink, frame, plan);
    if (!region_is_empty(&frame->damage))
        sink->maybe_video = plan && looks_like_video(plan);
    for (guint i = 0; i < sink->viewers->len; i++) {
        QxlScreen *screen = spice_viewer_screen(g_ptr_array_index(sink->viewers, i));
        qxl_screen_update(screen, frame, plan != NULL,
                          (const Drawing *)(void *)sink->drawings->data, sink->drawings->len);
    }
    for (guint i = 0; i < sink->drawings->len; i++)
        bitmap_unref(g_array_index(sink->drawings, Drawing, i).bitmap);
    g_array_set_size(sink->drawings, 0);
}

static void
spice_cursor(Sink *sink, Cursor *cursor)
{
    g_clear_pointer(&sink->cursor, cursor_unref);
    sink->cursor = cursor ? cursor_ref(cursor) : NULL;
    for (guint i = 0; i < sink->viewers->len; i++)
        qxl_screen_cursor(spice_viewer_screen(g_ptr_array_index(sink->viewers, i)), cursor);
}

static void
spice_audio_start(Sink *sink, guint rate)
{
    sink->rate = rate;
    for (guint i = 0; i < sink->viewers->len; i++)
        spice_viewer_sound_start(g_ptr_array_index(sink->viewers, i), rate);
}

static void
spice_audio(Sink *sink, const gint16 *samples, gsize frames)
{
    for (guint i = 0; i < sink->viewers->len; i++)
        spice_viewer_sound(g_ptr_array_index(sink->viewers, i), samples, frames);
}

static void
spice_audio_stop(Sink *sink)
{
    sink->rate = 0;
    for (guint i = 0; i < sink->viewers->len; i++)
        spice_viewer_sound_stop(g_ptr_array_index(sink->viewers, i));
}

static void
spice_audio_volume(Sink *sink, gboolean mute, guint16 left, guint16 right)
{
    sink->has_volume = TRUE;
    sink->mute = mute;
    sink->left = left;
    sink->right = right;
    for (guint i = 0; i < sink->viewers->len; i++)
        spice_viewer_sound_volume(g_ptr_array_index(sink->viewers, i), mute, left, right);
}

static void
spice_leds(Sink *sink, guint leds)
{
    for (guint i = 0; i < sink->viewers->len; i++)
        spice_viewer_leds(g_ptr_array_index(sink->viewers, i), leds);
}

static guint
spice_clients(Sink *sink)
{
    guint clients = 0;
    for (guint i = 0; i < sink->viewers->len; i++)
        clients += spice_viewer_connection(g_ptr_array_index(sink->viewers, i)) != 0;
    return clients;
}

static SinkProgress
spice_progress(Sink *sink)
{
    SinkProgress progress = SINK_SETTLED;
    for (guint i = 0; i < sink->viewers->len; i++)
        progress = MIN(progress, spice_viewer_progress(g_ptr_array_index(sink->viewers, i)));
    return progress;
}

static void
spice_stats(Sink *sink, json_t *object)
{
    json_t *list = json_array();
    ClientStats sum = sink->gone, stats;
    for (guint i = 0; i < sink->viewers->len; i++) {
        spice_viewer_stats(g_ptr_array_index(sink->viewers, i), &stats);
        client_stats_sum(&sum, &stats);
        json_array_append_new(list, client_stats_to_json(&stats, "spice"));
    }
    json_object_set_new(object, "spice", list);
    client_stats_add_to_json(&sum, object);
}

const SinkType sink_spice = {
    .name = "spice",
    .open = spice_open,
    .close = spice_close,
    .add_client = spice_add_client,
    .ready = spice_ready,
    .present = spice_present,
    .cursor = spice_cursor,
    .audio_start = spice_audio_start,
    .audio = spice_audio,
    .audio_stop = spice_audio_stop,
    .audio_volume = spice_audio_volume,
    .leds = spice_leds,
    .clients = spice_clients,
    .stats = spice_stats,
    .progress = spice_progress,
};
