/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/model/why.h"
#include "broker/session-mirror.h"
#include "scratch.h"

static Session *
fresh(void)
{
    Session *session = g_new0(Session, 1);

    session->state = g_strdup("starting");
    session->step = g_strdup("disk");
    session->step_text = g_strdup("Preparing the desktop");
    return session;
}

/* What the JSON does to session; returns whether something is to be stored. */
static gboolean
apply(Session *session, const char *json, Why *why)
{
    json_t *reported = json_loads(json, 0, NULL);
    SessionView view;

    g_assert_nonnull(reported);
    gboolean changed =
        session_mirror_read(reported, &view) && session_mirror_apply(session, &view, NULL, why);
    json_decref(reported);
    return changed;
}

static void
test_course(void)
{
    g_autoptr(Session) session = fresh();
    g_autoptr(Why) why = why_new();

    g_assert_true(apply(
        session,
        "{\"state\":\"starting\",\"step\":\"boot\",\"step_text\":\"Booting\",\"progress\":40}",
        why));
    g_assert_cmpstr(session->step, ==, "boot");
    g_assert_cmpint(session->progress, ==, 40);
    g_assert_false(apply(
        session,
        "{\"state\":\"starting\",\"step\":\"boot\",\"step_text\":\"Booting\",\"progress\":41}",
        why));
    g_assert_cmpint(session->progress, ==, 41);
    /* A host that counts seconds in its text fills neither the store nor the why. */
    g_assert_false(
        apply(session, "{\"state\":\"starting\",\"step\":\"boot\",\"step_text\":\"Booting (2 s)\"}",
              why));
    g_assert_cmpstr(session->step_text, ==, "Booting (2 s)");
    g_assert_true(apply(session, "{\"state\":\"ready\",\"step\":\"ready\"}", why));
    g_assert_cmpstr(session->state, ==, "ready");
    g_assert_false(apply(session, "{\"state\":\"stopping\"}", why));
    g_assert_true(apply(session, "{\"state\":\"failed\",\"reason\":\"QEMU ended.\"}", why));
    g_assert_cmpstr(session->reason, ==, "QEMU ended.");
    g_assert_true(apply(session, "{\"state\":\"starting\",\"step\":\"machine\"}", why));
    g_assert_null(session->reason);
    g_assert_cmpuint(why_length(why), ==, 4);
}

static void
test_stopped(void)
{
    json_t *reported = json_pack("{s:s}", "state", "stopped");
    SessionView view;

    g_assert_true(session_mirror_read(reported, &view));
    g_assert_true(view.stopped);
    g_assert_cmpstr(view.state, ==, "failed");
    json_decref(reported);
}

/* The end of a start says how it went, and each of the host's notes once. */
static void
test_origin(void)
{
    g_autoptr(Session) session = fresh();
    g_autoptr(Why) why = why_new();

    g_assert_true(
        apply(session,
              "{\"state\":\"ready\",\"step\":\"ready\",\"origin\":\"clone\",\"template\":\"t\","
              "\"timings\":{\"disk\":20,\"ready\":417},"
              "\"notes\":[{\"text\":\"The memory was warm.\"},{\"text\":7},null]}",
              why));
    g_assert_cmpuint(why_length(why), ==, 3);
    g_assert_cmpstr(why_step(why, 0)->text, ==, "The memory was warm.");
    g_assert_cmpstr(why_step(why, 1)->text, ==, "Cloned from the template “t” in 0.4 s.");
    g_assert_cmpstr(why_step(why, 2)->text, ==, "The desktop is ready.");

    json_t *again = json_loads("{\"state\":\"failed\",\"reason\":\"Ended.\",\"notes\":"
                               "[{\"text\":\"The memory was warm.\"}]}",
                               0, NULL);
    SessionView view;
    g_autoptr(Why) more = why_new();
    g_assert_true(session_mirror_read(again, &view));
    g_assert_true(session_mirror_apply(session, &view, why, more));
    g_assert_cmpuint(why_length(more), ==, 1);
    json_decref(again);
}

static void
test_suspended(void)
{
    g_autoptr(Session) session = fresh();
    g_autoptr(Why) why = why_new();
    json_t *going = json_pack("{s:s}", "state", "suspending");
    SessionView view;

    g_assert_true(apply(session, "{\"state\":\"ready\",\"step\":\"ready\"}", why));
    g_assert_true(session_mirror_read(going, &view));
    g_assert_false(view.suspended);
    json_decref(going);
    g_assert_true(apply(session, "{\"state\":\"suspended\",\"step\":\"ready\"}", why));
    g_assert_cmpstr(session->state, ==, "suspended");
    g_assert_null(session->reason);
    g_assert_true(apply(session, "{\"state\":\"ready\",\"origin\":\"resume\"}", why));
    g_assert_cmpstr(session->state, ==, "ready");
}

/* A host's words are not trusted. */
static void
test_nonsense(void)
{
    static const char *const nonsense[] = {
        "{}",
        "[]",
        "{\"state\":5}",
        "{\"state\":\"\"}",
        "{\"state\":\"dancing\"}",
        "{\"state\":\"starting\",\"step\":5,\"step_text\":[],\"progress\":\"x\",\"reason\":{}}",
        "{\"state\":\"starting\",\"notes\":{},\"timings\":[7],\"origin\":1}",
    };
    g_autoptr(Session) session = fresh();
    g_autoptr(Why) why = why_new();

    for (guint i = 0; i < G_N_ELEMENTS(nonsense); i++)
        g_assert_false(apply(session, nonsense[i], why));
    g_assert_cmpstr(session->state, ==, "starting");
    apply(session, "{\"state\":\"starting\",\"progress\":9999}", why);
    g_assert_cmpint(session->progress, ==, 100);
}

static void
test_why_is_bounded(void)
{
    Scratch scratch;
    g_autoptr(GError) error = NULL;

    scratch_init(&scratch);
    g_assert_true(store_exec(scratch.store, &error, "PRAGMA foreign_keys=OFF", ""));
    g_autoptr(Why) why = why_new();
    for (int i = 0; i < 150; i++)
        why_add(why, "info", "Step %d %%.", i);
    g_assert_true(why_append(scratch.store, "s", why, &error));
    g_assert_true(why_append(scratch.store, "s", why, &error));
    g_autoptr(Why) kept = why_load(scratch.store, "s", &error);
    g_assert_cmpuint(why_length(kept), ==, WHY_MAX_STEPS);
    g_assert_cmpstr(why_step(kept, 1)->text, ==, "Step 1 %.");
    g_assert_cmpstr(why_step(kept, 150)->text, ==, "Step 0 %.");
    scratch_clear(&scratch);
}

/* Neither a start nor an end: it is said, and said when it is over. */
static void
test_paused(void)
{
    g_autoptr(Session) session = fresh();
    g_autoptr(Why) why = why_new();
    const char *paused =
        "{\"state\":\"ready\",\"paused\":\"The disk is full.\",\"notes\":[{\"text\":\"The "
        "disk is full.\"}]}";

    g_assert_true(apply(session, "{\"state\":\"ready\",\"paused\":null}", why));
    g_assert_false(session_is_paused(session));
    guint before = why_length(why);
    g_assert_true(apply(session, paused, why));
    g_assert_true(session_is_paused(session));
    g_assert_cmpstr(session->reason, ==, "The disk is full.");
    g_assert_false(apply(session, paused, why));
    g_assert_cmpuint(why_length(why), ==, before + 1);
    g_assert_cmpstr(why_step(why, before)->text, ==, "The disk is full.");
    g_assert_true(apply(session, "{\"state\":\"ready\",\"paused\":null}", why));
    g_assert_null(session->reason);
    g_assert_cmpstr(why_step(why, before + 1)->verdict, ==, "yes");
    /* Of a machine that does not answer more is known. */
    SessionView view;
    json_t *silent =
        json_loads("{\"state\":\"ready\",\"paused\":\"It hangs.\",\"answers\":false}", 0, NULL);
    g_assert_true(session_mirror_read(silent, &view));
    g_assert_false(view.answers);
    g_assert_cmpstr(view.reason, ==, "It hangs.");
    json_decref(silent);
    /* What ended is not paused. */
    g_assert_true(apply(session, paused, why));
    g_assert_true(apply(session, "{\"state\":\"failed\",\"reason\":\"QEMU ended.\"}", why));
    g_assert_false(session_is_paused(session));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mirror/course", test_course);
    g_test_add_func("/mirror/stopped", test_stopped);
    g_test_add_func("/mirror/origin", test_origin);
    g_test_add_func("/mirror/suspended", test_suspended);
    g_test_add_func("/mirror/paused", test_paused);
    g_test_add_func("/mirror/nonsense", test_nonsense);
    g_test_add_func("/why/bounded", test_why_is_bounded);
    return g_test_run();
}
