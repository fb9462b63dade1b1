/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sink/spice-core.h"

#include <glib-unix.h>

/* The scope that runs on this thread. A private instead of a parameter, as the callbacks have none.
 */
static GPrivate current_scope = G_PRIVATE_INIT(NULL);

SpiceScope *
spice_scope_enter(SpiceScope *scope)
{
    SpiceScope *previous = g_private_get(&current_scope);
    g_private_set(&current_scope, scope);
    return previous;
}

void
spice_scope_leave(SpiceScope *previous)
{
    g_private_set(&current_scope, previous);
}

struct SpiceTimer {
    SpiceTimerFunc func;
    void *opaque;
    SpiceScope *scope;
    guint id;
};

struct SpiceWatch {
    int fd;
    SpiceWatchFunc func;
    void *opaque;
    SpiceScope *scope;
    guint id;
};

static SpiceTimer *
timer_add(SpiceTimerFunc func, void *opaque)
{
    SpiceTimer *timer = g_new0(SpiceTimer, 1);
    timer->func = func;
    timer->opaque = opaque;
    timer->scope = g_private_get(&current_scope);
    return timer;
}

static void
timer_cancel(SpiceTimer *timer)
{
    g_clear_handle_id(&timer->id, g_source_remove);
}

static gboolean
timer_fired(gpointer user)
{
    SpiceTimer *timer = user;
    timer->id = 0;
    SpiceScope *previous = spice_scope_enter(timer->scope);
    timer->func(timer->opaque); /* may free the timer */
    spice_scope_leave(previous);
    return G_SOURCE_REMOVE;
}

static void
timer_start(SpiceTimer *timer, uint32_t ms)
{
    timer_cancel(timer);
    timer->id = g_timeout_add(ms, timer_fired, timer);
}

static void
timer_remove(SpiceTimer *timer)
{
    timer_cancel(timer);
    g_free(timer);
}

static gboolean
watch_ready(gint fd, GIOCondition condition, gpointer user)
{
    SpiceWatch *watch = user;
    int event = 0;
    if (condition & (G_IO_IN | G_IO_HUP | G_IO_ERR))
        event |= SPICE_WATCH_EVENT_READ;
    if (condition & G_IO_OUT)
        event |= SPICE_WATCH_EVENT_WRITE;
    SpiceScope *previous = spice_scope_enter(watch->scope);
    watch->func(fd, event, watch->opaque); /* may free the watch */
    spice_scope_leave(previous);
    return G_SOURCE_CONTINUE;
}

static void
watch_update_mask(SpiceWatch *watch, int mask)
{
    GIOCondition condition = 0;
    if (mask & SPICE_WATCH_EVENT_READ)
        condition |= G_IO_IN | G_IO_HUP | G_IO_ERR;
    if (mask & SPICE_WATCH_EVENT_WRITE)
        condition |= G_IO_OUT;
    g_clear_handle_id(&watch->id, g_source_remove);
    if (condition)
        watch->id = g_unix_fd_add(watch->fd, condition, watch_ready, watch);
}

static SpiceWatch *
watch_add(int fd, int mask, SpiceWatchFunc func, void *opaque)
{
    SpiceWatch *watch = g_new0(SpiceWatch, 1);
    watch->fd = fd;
    watch->func = func;
    watch->opaque = opaque;
    watch->scope = g_private_get(&current_scope);
    watch_update_mask(watch, mask);
    return watch;
}

static void
watch_remove(SpiceWatch *watch)
{
    g_clear_handle_id(&watch->id, g_source_remove);
    g_free(watch);
}

static void
channel_event(int event, SpiceChannelEventInfo *info)
{
    SpiceScope *scope = g_private_get(&current_scope);
    if (scope)
        scope->channel_event(event, info, scope->user);
}

SpiceCoreInterface *
spice_core(void)
{
    static const SpiceCoreInterface core = {
        .base = {SPICE_INTERFACE_CORE, "oriel", SPICE_INTERFACE_CORE_MAJOR,
                 SPICE_INTERFACE_CORE_MINOR},
        .timer_add = timer_add,
        .timer_start = timer_start,
        .timer_cancel = timer_cancel,
        .timer_remove = timer_remove,
        .watch_add = watch_add,
        .watch_update_mask = watch_update_mask,
        .watch_remove = watch_remove,
        .channel_event = channel_event,
    };
    return (SpiceCoreInterface *)&core;
}
