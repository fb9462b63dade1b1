/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "carrier.h"

#include "host/net/frame-filter.h"
#include "host/net/nat.h"
#include "host/net/net-link.h"

#include <errno.h>
#include <poll.h>
#include <time.h>

#define NS_PER_S 1000000000

struct Carrier {
    FrameReach reach;
    NetCounters *counters;
    NetLink *link;
    Nat *nat;
    struct pollfd list[1 + NAT_MAX_SOCKETS]; /* the link's, then the world's */
};

static void
on_frame_for_guest(const void *frame, gsize length, gpointer user)
{
    Carrier *carrier = user;
    net_link_send(carrier->link, frame, length);
}

Carrier *
carrier_open(int fd, const CarrierOptions *options, NetCounters *counters)
{
    Carrier *carrier = g_new0(Carrier, 1);
    carrier->reach = options->isolated ? FRAME_ISOLATED : FRAME_OUTWARD;
    carrier->counters = counters;
    carrier->link = net_link_new(fd, options->rate, counters, nat_now());
    carrier->nat = nat_new(options->isolated, on_frame_for_guest, carrier);
    return carrier;
}

void
carrier_close(Carrier *carrier)
{
    if (carrier == NULL)
        return;
    nat_free(carrier->nat);
    net_link_free(carrier->link);
    g_free(carrier);
}

/* Waits for whatever is the first, ns at most (G_MAXINT64: for ever); returns how many of the
 * world's sockets are in the list. */
static guint
sleep_until_something(Carrier *carrier, gint64 now)
{
    gint64 wait = G_MAXINT64;
    gboolean full = net_link_is_full(carrier->link);
    guint count = nat_prepare(carrier->nat, carrier->list + 1, full, &wait);
    carrier->list[0] = (struct pollfd){.fd = net_link_fd(carrier->link),
                                       .events = net_link_events(carrier->link, now, &wait)};
    const struct timespec time = {wait / NS_PER_S, wait % NS_PER_S};
    if (ppoll(carrier->list, 1 + count, wait == G_MAXINT64 ? NULL : &time, NULL) >= 0)
        return count;
    for (guint i = 0; i <= count; i++)
        carrier->list[i].revents = 0;
    return count;
}

/* What the guest sends, as far as the rate goes. FALSE: no more will come. */
static gboolean
carry_from_guest(Carrier *carrier)
{
    const short found = carrier->list[0].revents;
    gboolean broken = FALSE, any = FALSE;
    const guint8 *frame;
    guint length;
    if ((found & (POLLIN | POLLHUP | POLLERR)) &&
        (!(found & POLLIN) || !net_link_read(carrier->link)))
        return FALSE;
    gint64 now = nat_now();
    while (net_link_next(carrier->link, now, &frame, &length, &broken)) {
        if (frame_filter(frame, length, carrier->reach) == FRAME_TAKEN)
            nat_input(carrier->nat, frame, length);
        else
            carrier->counters->refused_frames++;
        any = TRUE;
    }
    if (any)
        nat_settle(carrier->nat);
    return !broken;
}

void
carrier_run(Carrier *carrier)
{
    for (;;) {
        gint64 now = nat_now();
        if (!net_link_flush(carrier->link, now))
            return;
        guint count = sleep_until_something(carrier, now);
        /* First of all it learns what time it is. */
        nat_handle(carrier->nat, carrier->list + 1, count);
        if (!carry_from_guest(carrier))
            return;
    }
}
