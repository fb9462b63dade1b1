/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline.h"
#include "region.h"
#include "source/replay-damage.h"
#include "source/replay-frames.h"

#include <glib/gstdio.h>
#include <unistd.h>

#define WIDTH  70 /* no whole cells */
#define HEIGHT 33

typedef struct {
    Surface *surface;
    Pipeline *pipeline;
    Sink *sink;
    char *folder, *path, *damage;
} Desk;

static void
on_changed(gpointer user)
{
    pipeline_wake(((Desk *)user)->pipeline);
}

static const SinkEvents events = {.wants_frame = on_changed};

static Desk *
desk_new(const char *path)
{
    Desk *desk = g_new0(Desk, 1);
    desk->folder = g_dir_make_tmp("oXXXXXX", NULL);
    desk->path = path ? g_strdup(path) : g_build_filename(desk->folder, "recording", NULL);
    desk->damage = g_strconcat(desk->path, ".damage", NULL);
    desk->surface = surface_new(on_changed, desk);
    desk->pipeline = pipeline_new(desk->surface, NULL, desk);
    SinkContext context = {.events = &events, .user = desk, .path = desk->path};
    desk->sink = sink_record.open(&context, NULL);
    if (desk->sink)
        pipeline_add_sink(desk->pipeline, &sink_record, desk->sink);
    return desk;
}

static void
desk_free(Desk *desk)
{
    sink_record.close(desk->sink);
    pipeline_free(desk->pipeline);
    surface_free(desk->surface);
    g_unlink(desk->path);
    g_unlink(desk->damage);
    g_rmdir(desk->folder);
    g_free(desk->path);
    g_free(desk->damage);
    g_free(desk->folder);
    g_free(desk);
}

static json_int_t
stat_of(Desk *desk, const char *name)
{
    json_t *object = json_object();
    sink_record.stats(desk->sink, object);
    json_t *value = json_object_get(object, name);
    json_int_t number = json_is_boolean(value) ? json_is_true(value) : json_integer_value(value);
    json_decref(object);
    return number;
}

static gboolean
on_tick(gpointer user)
{
    return G_SOURCE_CONTINUE;
}

static void
wait_for(Desk *desk, const char *name, json_int_t wanted)
{
    gint64 end = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;
    guint tick = g_timeout_add(5, on_tick, NULL);
    while (stat_of(desk, name) != wanted && g_get_monotonic_time() < end)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(tick);
    g_assert_cmpint(stat_of(desk, name), ==, wanted);
}

/* Every frame is one pixel further. */
static void
draw(Desk *desk, guint number)
{
    guint32 pixel = 0xff000001u * (number + 1);
    g_assert_true(surface_write(desk->surface, (int)number * 20, (int)number, 1, 1,
                                (const guint8 *)&pixel, 4, 4));
}

static void
test_records(void)
{
    Desk *desk = desk_new(NULL);
    pixman_region32_t region;
    pixman_region32_init(&region);
    g_assert_true(surface_resize(desk->surface, WIDTH, HEIGHT));
    wait_for(desk, "recorded_frames", 1);
    for (guint i = 0; i < 3; i++) {
        draw(desk, i);
        wait_for(desk, "recorded_frames", (json_int_t)i + 2);
    }
    g_clear_pointer(&desk->sink, sink_record.close);

    ReplayFrames *frames = replay_frames_open(desk->path, WIDTH, HEIGHT, NULL);
    ReplayDamage *damage = replay_damage_open(desk->damage, WIDTH, HEIGHT);
    for (guint i = 0; i < 4; i++) {
        const guint32 *pixels = replay_frames_next(frames, NULL);
        g_assert_nonnull(pixels);
        for (guint k = 0; k < 3; k++)
            g_assert_cmphex(pixels[k * (WIDTH + 20)] & 0xffffff, ==, k < i ? k + 1 : 0);
        g_assert_true(replay_damage_next(damage, &region));
        if (i == 0)
            g_assert_cmpint(region_area(&region), ==, WIDTH * HEIGHT);
        else
            g_assert_true(
                pixman_region32_contains_point(&region, (int)(i - 1) * 20, (int)i - 1, NULL));
    }
    g_autoptr(GError) error = NULL;
    g_assert_null(replay_frames_next(frames, &error));
    g_assert_no_error(error);
    g_assert_false(replay_damage_next(damage, &region));
    replay_frames_close(frames);
    replay_damage_close(damage);
    pixman_region32_fini(&region);
    desk_free(desk);
}

static void
test_ends_with_the_size(void)
{
    Desk *desk = desk_new(NULL);
    g_assert_true(surface_resize(desk->surface, WIDTH, HEIGHT));
    wait_for(desk, "recorded_frames", 1);
    g_assert_true(surface_resize(desk->surface, WIDTH + 1, HEIGHT));
    wait_for(desk, "recording", 0);
    g_assert_cmpint(stat_of(desk, "recorded_frames"), ==, 1);
    desk_free(desk);
}

/* A full disk ends it, and the pipeline goes on. */
static void
test_full_disk(void)
{
    Desk *desk = desk_new(NULL);
    g_clear_pointer(&desk->sink, sink_record.close);
    pipeline_free(desk->pipeline);
    desk->pipeline = pipeline_new(desk->surface, NULL, desk);
    g_unlink(desk->path);
    g_assert_cmpint(symlink("/dev/full", desk->path), ==, 0);
    SinkContext context = {.events = &events, .user = desk, .path = desk->path};
    desk->sink = sink_record.open(&context, NULL);
    g_assert_nonnull(desk->sink);
    pipeline_add_sink(desk->pipeline, &sink_record, desk->sink);
    g_assert_true(surface_resize(desk->surface, WIDTH, HEIGHT));
    wait_for(desk, "recording", 0);
    g_assert_cmpint(stat_of(desk, "recorded_frames"), ==, 0);
    g_assert_false(sink_record.ready(desk->sink));
    desk_free(desk);
}

static void
test_no_such_folder(void)
{
    Desk *desk = desk_new("/nowhere/at/all");
    g_assert_null(desk->sink);
    desk_free(desk);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_fatal_mask(NULL, G_LOG_LEVEL_ERROR);
    g_log_set_always_fatal(G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
    g_test_add_func("/record/records", test_records);
    g_test_add_func("/record/ends-with-the-size", test_ends_with_the_size);
    g_test_add_func("/record/full-disk", test_full_disk);
    g_test_add_func("/record/no-such-folder", test_no_such_folder);
    return g_test_run();
}
