/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "desktop-progress.h"

#include <math.h>

/* Each step's share of the way, and the seconds in which most of it passes: with KVM, and
 * translated (TCG). */
static const struct {
    guint from, to;
    double typical_kvm_s, typical_tcg_s;
    const char *text;
} steps[] = {
    [STEP_DISK] = {0, 4, 1, 1, "Making the disk"},
    [STEP_MACHINE] = {4, 10, 1, 2, "Starting the virtual machine"},
    [STEP_BOOT] = {10, 80, 8, 40, "The system is starting"},
    [STEP_DESKTOP] = {80, 99, 4, 20, "The desktop is starting"},
    [STEP_READY] = {100, 100, 1, 1, "Ready"},
};

/* A screen that changes this often at most is taken to stand still: a clock and a blinking cursor
 * do that. */
#define STILL_FRAMES_PER_S 3
#define STILL_FOR_S        5

guint
desktop_progress_percent(DesktopState state, DesktopStep step, gint64 elapsed_s, gboolean hardware)
{
    if (state == DESKTOP_READY)
        return 100;
    if (state != DESKTOP_STARTING)
        return 0;
    double typical = hardware ? steps[step].typical_kvm_s : steps[step].typical_tcg_s;
    double share = 1 - exp(-1.5 * (double)MAX(elapsed_s, 0) / typical);
    return steps[step].from + (guint)(share * (steps[step].to - steps[step].from));
}

char *
desktop_progress_text(DesktopState state, DesktopStep step, gint64 elapsed_s, gboolean moves_in)
{
    const char *text =
        moves_in && step == STEP_DESKTOP ? "Putting your home in place" : steps[step].text;
    switch (state) {
    case DESKTOP_STARTING:
        if (elapsed_s >= 2)
            return g_strdup_printf("%s (%d s)", text, (int)MIN(elapsed_s, 999999));
        return g_strdup(text);
    case DESKTOP_READY:
        return g_strdup(steps[STEP_READY].text);
    case DESKTOP_SUSPENDING:
        return g_strdup("Being suspended");
    case DESKTOP_SUSPENDED:
        return g_strdup("Suspended");
    case DESKTOP_STOPPING:
        return g_strdup("Shutting down");
    case DESKTOP_STOPPED:
        return g_strdup("Stopped");
    case DESKTOP_FAILED:
        return g_strdup("Failed");
    }
    return g_strdup("");
}

/* The sizes of VGA's text modes as screens. */
static gboolean
is_text_mode(guint width, guint height)
{
    return (width == 720 || width == 640) && (height == 400 || height == 350 || height == 480);
}

gboolean
screen_watch_look(ScreenWatch *watch, const DisplayScreen *screen)
{
    if (!screen->known || screen->width == 0 || is_text_mode(screen->width, screen->height)) {
        *watch = (ScreenWatch){0};
        return FALSE;
    }
    guint64 since = screen->frames - watch->frames;
    gboolean still = watch->seen && screen->frames >= watch->frames && since <= STILL_FRAMES_PER_S;
    watch->still_s = still ? watch->still_s + 1 : 0;
    watch->frames = screen->frames;
    watch->seen = TRUE;
    return watch->still_s >= STILL_FOR_S;
}
