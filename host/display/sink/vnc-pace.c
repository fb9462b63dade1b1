/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vnc-pace.h"
#include "vnc-framing.h"

#define FENCE_REQUEST (1u << 31)
#define FENCE_FLAGS   7u /* block before, block after, sync next */
#define SERVER_FENCE  248

struct VncPace {
    const VncOutput *out;
    const VncPaceEvents *events;
    gpointer user;
    VncCongestion *congestion;
    GSource *timer;
    gboolean fence_known;
    gboolean fenced;    /* it answers fences */
    guint32 next_fence; /* its payload */
    guint32 awaited;    /* the oldest without an answer */
};

static void
send_fence(VncPace *pace, guint32 flags, const guint8 *payload, gsize size)
{
    guint8 message[9 + VNC_MAX_FENCE] = {SERVER_FENCE};

    vnc_put32(message + 4, flags);
    message[8] = (guint8)size;
    for (gsize i = 0; i < size; i++)
        message[9 + i] = payload[i];
    pace->events->write(message, 9 + size, pace->user);
}

/* Bytes since the connection began, those in the queue included. */
static guint64
position(const VncPace *pace)
{
    return vnc_output_written(pace->out) + vnc_output_queued(pace->out);
}

/* Room comes back by an answer, or by time: then, and when an answer is overdue, the main loop
 * wakes. */
static void
set_timer(VncPace *pace)
{
    gint64 now = g_get_monotonic_time(), opens = vnc_congestion_opens(pace->congestion, now);
    gint64 deadline = vnc_congestion_deadline(pace->congestion);

    if (opens == G_MAXINT64 || opens <= now)
        opens = deadline ? deadline : -1;
    g_source_set_ready_time(pace->timer, opens);
}

/* The client answers when it has shown what was written so far; and that is awaited, if it ever
 * answers, or else asks for each update. */
void
vnc_pace_mark(VncPace *pace, gboolean on_request)
{
    guint8 payload[4];

    if (pace->fence_known) {
        vnc_put32(payload, pace->next_fence++);
        send_fence(pace, FENCE_REQUEST | 1, payload, sizeof payload);
    }
    if (pace->fenced || on_request)
        vnc_congestion_sent(pace->congestion, g_get_monotonic_time(), position(pace));
    if (!pace->fenced)
        pace->awaited = pace->next_fence;
    set_timer(pace);
}

void
vnc_pace_use_fences(VncPace *pace, gboolean on_request)
{
    if (pace->fence_known)
        return;
    pace->fence_known = pace->fenced = TRUE;
    pace->awaited = pace->next_fence;
    vnc_congestion_give_up(pace->congestion);
    vnc_pace_mark(pace, on_request);
}

static void
take_answer(VncPace *pace, guint32 fence)
{
    gint64 now = g_get_monotonic_time();

    pace->fenced = TRUE;
    if (fence - pace->awaited >= pace->next_fence - pace->awaited)
        return; /* given up long ago, or never sent */
    while (pace->awaited != fence + 1) {
        vnc_congestion_answered(pace->congestion, now);
        pace->awaited++;
    }
    set_timer(pace);
    pace->events->room(pace->user);
}

void
vnc_pace_fence(VncPace *pace, guint32 flags, const guint8 *payload, gsize size)
{
    if (flags & FENCE_REQUEST)
        send_fence(pace, flags & FENCE_FLAGS, payload, size);
    else if (size == 4)
        take_answer(pace, vnc_get32(payload));
}

/* Without fences, a request says that what was sent before has arrived; unless some of it has not
 * even left, so it was asked for in advance. */
void
vnc_pace_requested(VncPace *pace)
{
    if (!pace->fenced && vnc_output_queued(pace->out))
        vnc_congestion_give_up(pace->congestion);
    else if (!pace->fenced)
        vnc_congestion_answered_all(pace->congestion, g_get_monotonic_time());
}

/* No answer for so long: a client that has taken everything does without, until it answers again.
 */
static gboolean
on_timer(gpointer user)
{
    VncPace *pace = user;
    gint64 deadline = vnc_congestion_deadline(pace->congestion);

    g_source_set_ready_time(pace->timer, -1);
    if (deadline && deadline <= g_get_monotonic_time()) {
        vnc_congestion_give_up(pace->congestion);
        pace->awaited = pace->next_fence;
        pace->fenced &= vnc_output_queued(pace->out) > 0;
    } else {
        set_timer(pace);
    }
    pace->events->room(pace->user);
    return G_SOURCE_CONTINUE;
}

static gboolean
dispatch(GSource *source, GSourceFunc callback, gpointer user)
{
    return callback(user);
}

static GSourceFuncs timer_funcs = {.dispatch = dispatch};

VncPace *
vnc_pace_new(const VncOutput *out, const VncPaceEvents *events, gpointer user)
{
    VncPace *pace = g_new0(VncPace, 1);

    pace->out = out;
    pace->events = events;
    pace->user = user;
    pace->congestion = vnc_congestion_new();
    pace->timer = g_source_new(&timer_funcs, sizeof(GSource));
    g_source_set_callback(pace->timer, on_timer, pace, NULL);
    g_source_set_static_name(pace->timer, "VNC pace");
    g_source_attach(pace->timer, NULL);
    return pace;
}

void
vnc_pace_free(VncPace *pace)
{
    if (!pace)
        return;
    g_source_destroy(pace->timer);
    g_source_unref(pace->timer);
    vnc_congestion_free(pace->congestion);
    g_free(pace);
}

const VncCongestion *
vnc_pace_link(const VncPace *pace)
{
    return pace->congestion;
}
