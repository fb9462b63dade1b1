/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sink/spice-inbox.h"
#include "sink/spice-video.h"

/* Video ------------------------------------------------------------------------------------------
 */

static void
test_video_starts_at_once(void)
{
    SpiceVideo video = {0};
    const PlanOp one = {.kind = PLAN_VIDEO, .x = 16, .y = 32, .width = 640, .height = 480};
    const PlanOp other = {.kind = PLAN_VIDEO, .x = 800, .y = 32, .width = 320, .height = 240};
    gint64 now = 1000;
    g_assert_cmpuint(spice_video_draw(&video, &one, now), ==, SPICE_VIDEO_START);
    g_assert_cmpuint(spice_video_draw(&video, &other, now), ==, SPICE_VIDEO_START);
    for (int i = 0; i < 100; i++) {
        now += 33000;
        g_assert_cmpuint(spice_video_draw(&video, &one, now), ==, 1);
    }
    g_assert_true(spice_video_any(&video, now));
    /* The other one was not drawn for so long that its stream may have ended. */
    g_assert_cmpuint(spice_video_draw(&video, &other, now), ==, SPICE_VIDEO_START);
    g_assert_cmpuint(spice_video_draw(&video, &other, now + 33000), ==, 1);
    g_assert_false(spice_video_any(&video, now + 2 * SPICE_VIDEO_GAP_US));
    spice_video_clear(&video);
    g_assert_cmpuint(spice_video_draw(&video, &one, now), ==, SPICE_VIDEO_START);
}

/* A viewer that is behind gets what is video as video, and only the rest as images. */
static void
test_video_taken(void)
{
    SpiceVideo video = {0};
    PlanOp ops[SPICE_VIDEO_AREAS];
    const PlanOp op = {.kind = PLAN_VIDEO, .x = 100, .y = 100, .width = 200, .height = 200};
    pixman_region32_t region;
    pixman_region32_init_rect(&region, 0, 0, 150, 150);
    spice_video_see(&video, &op, 1000);
    g_assert_cmpuint(spice_video_take(&video, &region, 2000, ops), ==, 1);
    g_assert_cmpint(ops[0].x, ==, 100);
    g_assert_cmpint(ops[0].width, ==, 200);
    g_assert_cmpint(pixman_region32_contains_point(&region, 120, 120, NULL), ==, 0);
    g_assert_cmpint(pixman_region32_contains_point(&region, 20, 120, NULL), !=, 0);
    g_assert_cmpuint(spice_video_take(&video, &region, 2000, ops), ==, 0);
    pixman_region32_union_rect(&region, &region, 120, 120, 10, 10);
    g_assert_cmpuint(spice_video_take(&video, &region, 1000 + SPICE_VIDEO_GAP_US, ops), ==, 0);
    g_assert_cmpuint(spice_video_draw(&video, &op, 1000 + SPICE_VIDEO_GAP_US), ==,
                     SPICE_VIDEO_START);
    pixman_region32_fini(&region);
}

static void
test_more_videos_than_slots(void)
{
    SpiceVideo video = {0};
    for (int i = 0; i < 3 * SPICE_VIDEO_AREAS; i++) {
        PlanOp op = {.kind = PLAN_VIDEO, .x = i * 16, .width = 160, .height = 160};
        g_assert_cmpuint(spice_video_draw(&video, &op, 1000 + i), ==, SPICE_VIDEO_START);
        g_assert_cmpuint(spice_video_draw(&video, &op, 1000 + i), ==, 1);
    }
}

/* Bitmaps and commands ---------------------------------------------------------------------------
 */

static void
test_bitmap_pixels(void)
{
    guint32 frame[20 * 30];
    BitmapPool *pool = bitmap_pool_new();
    for (guint i = 0; i < G_N_ELEMENTS(frame); i++)
        frame[i] = i;
    Bitmap *bitmap = bitmap_new(pool, frame, 20, 3, 5, 7, 11);
    for (int y = 0; y < 11; y++)
        for (int x = 0; x < 7; x++)
            g_assert_cmpuint(bitmap->pixels[y * 7 + x], ==, frame[(y + 5) * 20 + x + 3]);
    g_assert_cmpuint(bitmap_size(bitmap), ==, 7 * 11 * 4);
    bitmap_pool_free(pool); /* the last bitmap takes it along */
    bitmap_unref(bitmap);
}

/* As a busy screen does for hours: the same memory serves again and again. */
static void
test_steady_state_allocates_nothing(void)
{
    static guint32 frame[512 * 512];
    BitmapPool *bitmaps = bitmap_pool_new();
    QxlCommandPool *commands = qxl_command_pool_new();
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    guint warm = 0;
    for (int round = 0; round < 200; round++) {
        QxlQueue queue = {0};
        for (int i = 0; i < 40; i++) {
            PlanOp op = {.kind = PLAN_RAW,
                         .width = 1 + (i * 37 + round % 7) % 512,
                         .height = 1 + i * 11 % 512};
            Bitmap *bitmap = bitmap_new(bitmaps, frame, 512, 0, 0, op.width, op.height);
            QxlCommand *command = qxl_command_draw(commands, &op, bitmap, QXL_DRAW_ANYHOW);
            g_hash_table_add(seen, bitmap);
            g_hash_table_add(seen, command);
            bitmap_unref(bitmap);
            qxl_queue_push(&queue, command);
        }
        g_assert_cmpuint(queue.length, ==, 40);
        for (QxlCommand *command; (command = qxl_queue_pop(&queue));)
            qxl_command_free(command);
        if (round == 20)
            warm = g_hash_table_size(seen);
    }
    g_assert_cmpuint(g_hash_table_size(seen), ==, warm);
    bitmap_pool_free(bitmaps);
    qxl_command_pool_free(commands);
}

/* The inbox --------------------------------------------------------------------------------------
 */

static void
on_noticed(guint notices, gpointer user)
{
    *(guint *)user |= notices;
}

static void
turn(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

static void
test_inbox_tells_of_room(void)
{
    guint notices = 0;
    gboolean much;
    QxlCommandPool *pool = qxl_command_pool_new();
    QxlInbox *inbox = qxl_inbox_new(on_noticed, &notices);
    const PlanOp op = {.kind = PLAN_FILL, .width = 16, .height = 16};
    g_assert_true(qxl_inbox_has_room(inbox, &much));
    qxl_inbox_send(inbox, QXL_INBOX_DRAWINGS, qxl_command_draw(pool, &op, NULL, QXL_DRAW_ANYHOW));
    turn();
    g_assert_cmpuint(notices, ==, 0);
    g_assert_false(qxl_inbox_has_room(inbox, &much)); /* the worker has not taken it up */
    QxlCommand *command = qxl_inbox_fetch(inbox, QXL_INBOX_DRAWINGS);
    g_assert_nonnull(command);
    turn();
    g_assert_cmpuint(notices, ==, QXL_INBOX_ROOM);
    notices = 0;
    g_assert_true(qxl_inbox_has_room(inbox, &much));
    qxl_inbox_set_limit(inbox, 1);
    g_assert_false(qxl_inbox_has_room(inbox, &much)); /* the worker holds too much */
    g_assert_true(much);
    qxl_inbox_release(inbox, command);
    turn();
    g_assert_cmpuint(notices, ==, QXL_INBOX_ROOM);
    notices = 0;
    g_assert_null(qxl_inbox_fetch(inbox, QXL_INBOX_DRAWINGS)); /* nobody waits: nobody is woken */
    turn();
    g_assert_cmpuint(notices, ==, 0);
    qxl_inbox_free(inbox);
    qxl_command_pool_free(pool);
}

static void
test_inbox_drops(void)
{
    guint notices = 0;
    QxlCommandPool *pool = qxl_command_pool_new();
    QxlInbox *inbox = qxl_inbox_new(on_noticed, &notices);
    qxl_inbox_send(inbox, QXL_INBOX_CURSORS, qxl_command_cursor(pool, NULL));
    qxl_inbox_send(inbox, QXL_INBOX_CURSORS, qxl_command_cursor(pool, NULL));
    qxl_inbox_drop(inbox, QXL_INBOX_CURSORS);
    g_assert_true(qxl_inbox_is_empty(inbox, QXL_INBOX_CURSORS));
    qxl_inbox_send(inbox, QXL_INBOX_CURSORS, qxl_command_cursor(pool, NULL));
    qxl_inbox_free(inbox); /* with what nobody fetched */
    qxl_command_pool_free(pool);
}

/* The worker's side on a thread of its own: nothing is lost, and who waits is always woken. */
typedef struct {
    QxlInbox *inbox;
    gint stop, fetched;
} Worker;

static gpointer
work(gpointer user)
{
    Worker *worker = user;
    while (!g_atomic_int_get(&worker->stop)) {
        QxlCommand *command = qxl_inbox_fetch(worker->inbox, QXL_INBOX_DRAWINGS);
        if (!command) {
            g_thread_yield();
            continue;
        }
        g_atomic_int_inc(&worker->fetched);
        qxl_inbox_release(worker->inbox, command);
    }
    return NULL;
}

static void
test_inbox_with_a_worker(void)
{
    guint notices = 0;
    int sent = 0;
    gboolean much;
    QxlCommandPool *pool = qxl_command_pool_new();
    Worker worker = {.inbox = qxl_inbox_new(on_noticed, &notices)};
    const PlanOp op = {.kind = PLAN_FILL, .width = 16, .height = 16};
    GThread *thread = g_thread_new("worker", work, &worker);
    while (sent < 3000) {
        if (!qxl_inbox_has_room(worker.inbox, &much)) {
            notices = 0;
            while (!(notices & QXL_INBOX_ROOM))
                g_main_context_iteration(NULL, TRUE);
            g_assert_true(qxl_inbox_has_room(worker.inbox, &much));
        }
        for (int i = 0; i < 5; i++, sent++)
            qxl_inbox_send(worker.inbox, QXL_INBOX_DRAWINGS,
                           qxl_command_draw(pool, &op, NULL, QXL_DRAW_ANYHOW));
    }
    while (g_atomic_int_get(&worker.fetched) < sent)
        g_thread_yield();
    g_atomic_int_set(&worker.stop, 1);
    g_thread_join(thread);
    qxl_inbox_free(worker.inbox);
    qxl_command_pool_free(pool);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/spice/video-starts-at-once", test_video_starts_at_once);
    g_test_add_func("/spice/video-taken", test_video_taken);
    g_test_add_func("/spice/more-videos-than-slots", test_more_videos_than_slots);
    g_test_add_func("/spice/bitmap-pixels", test_bitmap_pixels);
    g_test_add_func("/spice/steady-state-allocates-nothing", test_steady_state_allocates_nothing);
    g_test_add_func("/spice/inbox-tells-of-room", test_inbox_tells_of_room);
    g_test_add_func("/spice/inbox-drops", test_inbox_drops);
    g_test_add_func("/spice/inbox-with-a-worker", test_inbox_with_a_worker);
    return g_test_run();
}
