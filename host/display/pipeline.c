/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline.h"
#include "classify/activity.h"
#include "classify/classify.h"
#include "damage/motion.h"
#include "frame-history.h"
#include "region.h"

#define MAX_SINKS 4

typedef struct {
    const SinkType *type;
    Sink *sink;
} Output;

struct Pipeline {
    Surface *surface;
    void (*size_changed)(int width, int height, gpointer user);
    void (*watch)(gpointer user);
    gpointer user;
    GSource *wake;
    Output outputs[MAX_SINKS];
    guint n_outputs;
    FrameHistory *history;
    MotionSearch *motion;
    Activity *activity;
    Classifier *classifier;
    Plan *plan;
    Frame frame;       /* frame.damage: what no sink was shown yet */
    gboolean resized;  /* sinks do not know the new size yet */
    guint64 presented; /* frames */
    gint64 damage_us, motion_us, classify_us;
};

static gboolean
sinks_any(const Pipeline *pipeline, gboolean (*question)(const Output *output))
{
    for (guint i = 0; i < pipeline->n_outputs; i++)
        if (question(&pipeline->outputs[i]))
            return TRUE;
    return FALSE;
}

static gboolean
is_ready(const Output *output)
{
    return output->type->ready(output->sink);
}

static gboolean
is_busy(const Output *output)
{
    return output->type->busy && output->type->busy(output->sink);
}

/* The motion search follows the walk. */
static void
look_ahead(gpointer user, const Frame *frame)
{
    motion_search_begin(user, frame);
}

static void
look_at_row(gpointer user, int row, const guint8 *changed)
{
    motion_search_row(user, row, changed);
}

/* Source → damage: what changed since the last walk is now in the frame, and in its damage. */
static void
walk(Pipeline *pipeline)
{
    const FrameWatch watch = {look_ahead, look_at_row, pipeline->motion};
    gint64 begin = g_get_monotonic_time();
    FrameChange change =
        frame_history_walk(pipeline->history, pipeline->surface, &pipeline->frame, &watch);

    pipeline->resized |= change == FRAME_RESIZED;
    pipeline->damage_us += g_get_monotonic_time() - begin;
}

static void
present(Pipeline *pipeline)
{
    const Plan *plan = pipeline->resized ? NULL : pipeline->plan;

    if (pipeline->resized && pipeline->size_changed)
        pipeline->size_changed(pipeline->frame.width, pipeline->frame.height, pipeline->user);
    for (guint i = 0; i < pipeline->n_outputs; i++)
        pipeline->outputs[i].type->present(pipeline->outputs[i].sink, &pipeline->frame, plan);
    pipeline->presented++;
    pipeline->resized = FALSE;
    pixman_region32_clear(&pipeline->frame.damage);
}

/* Damage → what moved, what keeps changing, what the rest looks like. */
static void
make_plan(Pipeline *pipeline)
{
    Frame *frame = &pipeline->frame;
    Plan *plan = pipeline->plan;
    gint64 begin = g_get_monotonic_time(), moved;

    plan_clear(plan);
    motion_search(pipeline->motion, frame, plan);
    moved = g_get_monotonic_time();
    frame->n_video =
        activity_update(pipeline->activity, frame, plan_residue(plan), moved, frame->video);
    if (!pipeline->resized)
        classify(pipeline->classifier, frame, plan_residue(plan), plan);
    pipeline->motion_us += moved - begin;
    pipeline->classify_us += g_get_monotonic_time() - moved;
}

/* THE LINE. */
static void
pipeline_run(Pipeline *pipeline)
{
    if (sinks_any(pipeline, is_busy) || !sinks_any(pipeline, is_ready))
        return; /* a sink wakes us by wants_frame; what changes until then merges in the surface */
    walk(pipeline);
    if (!pipeline->frame.pixels)
        return;
    pipeline->frame.sequence++;
    make_plan(pipeline);
    present(pipeline);
    if (pipeline->watch && !sinks_any(pipeline, is_busy))
        pipeline->watch(pipeline->user);
}

static gboolean
woken(gpointer user)
{
    Pipeline *pipeline = user;

    g_source_set_ready_time(pipeline->wake, -1);
    pipeline_run(pipeline);
    return G_SOURCE_CONTINUE;
}

static gboolean
dispatch(GSource *source, GSourceFunc callback, gpointer user)
{
    return callback(user);
}

static GSourceFuncs wake_funcs = {.dispatch = dispatch};

Pipeline *
pipeline_new(Surface *surface, void (*size_changed)(int width, int height, gpointer user),
             gpointer user)
{
    Pipeline *pipeline = g_new0(Pipeline, 1);

    pipeline->surface = surface;
    pipeline->size_changed = size_changed;
    pipeline->user = user;
    pipeline->history = frame_history_new();
    pipeline->motion = motion_search_new();
    pipeline->activity = activity_new();
    pipeline->classifier = classifier_new();
    pipeline->plan = plan_new();
    pixman_region32_init(&pipeline->frame.damage);
    pipeline->wake = g_source_new(&wake_funcs, sizeof(GSource));
    g_source_set_callback(pipeline->wake, woken, pipeline, NULL);
    g_source_set_static_name(pipeline->wake, "pipeline");
    g_source_attach(pipeline->wake, g_main_context_get_thread_default());
    return pipeline;
}

void
pipeline_free(Pipeline *pipeline)
{
    if (!pipeline)
        return;
    g_source_destroy(pipeline->wake);
    g_source_unref(pipeline->wake);
    pixman_region32_fini(&pipeline->frame.damage);
    plan_free(pipeline->plan);
    classifier_free(pipeline->classifier);
    activity_free(pipeline->activity);
    motion_search_free(pipeline->motion);
    frame_history_free(pipeline->history);
    g_free(pipeline);
}

void
pipeline_add_sink(Pipeline *pipeline, const SinkType *type, Sink *sink)
{
    g_return_if_fail(pipeline->n_outputs < MAX_SINKS);
    pipeline->outputs[pipeline->n_outputs++] = (Output){type, sink};
}

void
pipeline_wake(Pipeline *pipeline)
{
    g_source_set_ready_time(pipeline->wake, 0);
}

void
pipeline_watch(Pipeline *pipeline, void (*presented)(gpointer user))
{
    pipeline->watch = presented;
}

const Frame *
pipeline_frame(const Pipeline *pipeline)
{
    return pipeline->frame.pixels ? &pipeline->frame : NULL;
}

gboolean
pipeline_refresh(Pipeline *pipeline)
{
    if (sinks_any(pipeline, is_busy))
        return FALSE;
    walk(pipeline);
    return TRUE;
}

gboolean
pipeline_is_shown(const Pipeline *pipeline)
{
    return !pipeline->resized && region_is_empty(&pipeline->frame.damage) &&
           !surface_is_damaged(pipeline->surface);
}

void
pipeline_stats(const Pipeline *pipeline, json_t *object)
{
    json_object_set_new(object, "frames", json_integer((json_int_t)pipeline->presented));
    json_object_set_new(object, "width", json_integer(pipeline->frame.width));
    json_object_set_new(object, "height", json_integer(pipeline->frame.height));
    json_object_set_new(object, "damage_us", json_integer((json_int_t)pipeline->damage_us));
    json_object_set_new(object, "motion_us", json_integer((json_int_t)pipeline->motion_us));
    json_object_set_new(object, "classify_us", json_integer((json_int_t)pipeline->classify_us));
}
