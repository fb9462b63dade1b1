/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/agent/desktop-progress.h"

/* However long a step takes, the bar never goes back and never reaches the next step's part. */
static void
test_percent(void)
{
    guint last = 0;
    for (int step = STEP_DISK; step <= STEP_DESKTOP; step++)
        for (gint64 elapsed = 0; elapsed < 10000; elapsed += 7) {
            guint percent =
                desktop_progress_percent(DESKTOP_STARTING, (DesktopStep)step, elapsed, FALSE);
            g_assert_cmpuint(percent, >=, last);
            g_assert_cmpuint(percent, <, 100);
            last = percent;
        }
    g_assert_cmpuint(desktop_progress_percent(DESKTOP_READY, STEP_READY, 0, FALSE), ==, 100);
    g_assert_cmpuint(desktop_progress_percent(DESKTOP_FAILED, STEP_BOOT, 5, FALSE), ==, 0);
}

static void
test_text(void)
{
    g_autofree char *early = desktop_progress_text(DESKTOP_STARTING, STEP_BOOT, 1, FALSE);
    g_autofree char *late = desktop_progress_text(DESKTOP_STARTING, STEP_BOOT, 12, TRUE);
    g_autofree char *home = desktop_progress_text(DESKTOP_STARTING, STEP_DESKTOP, 1, TRUE);
    g_assert_cmpstr(early, ==, "The system is starting");
    g_assert_cmpstr(late, ==, "The system is starting (12 s)");
    g_assert_cmpstr(home, ==, "Putting your home in place");
}

static gboolean
look(ScreenWatch *watch, guint width, guint height, guint64 frames)
{
    DisplayScreen screen = {.known = TRUE, .width = width, .height = height, .frames = frames};
    return screen_watch_look(watch, &screen);
}

static void
test_screen(void)
{
    ScreenWatch watch = {0};
    const DisplayScreen unknown = {0};
    g_assert_false(screen_watch_look(&watch, &unknown));
    for (guint i = 0; i < 20; i++) /* text mode, however still */
        g_assert_false(look(&watch, 720, 400, 5));
    for (guint i = 0; i < 20; i++) /* graphical and busy */
        g_assert_false(look(&watch, 1280, 800, 100 + i * 30));
    guint still = 0;
    while (still < 20 && !look(&watch, 1280, 800, 1000 + still)) /* a blinking cursor */
        still++;
    g_assert_cmpuint(still, >=, 4);
    g_assert_cmpuint(still, <, 10);
    g_assert_false(look(&watch, 720, 400, 2000));
    g_assert_false(look(&watch, 1280, 800, 2000)); /* it begins anew */
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/desktop-progress/percent", test_percent);
    g_test_add_func("/desktop-progress/text", test_text);
    g_test_add_func("/desktop-progress/screen", test_screen);
    return g_test_run();
}
