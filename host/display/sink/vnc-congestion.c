/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vnc-congestion.h"

#define MAX_MARKS                                                                                  \
    64 /* unanswered; with as many small updates on their way, newer pixels can wait */

/* An update is 10 ms of the link: together with what may be queued (SLACK) and the wait for the
 * window to open, something new is on its way within 20 ms. */
#define UPDATE_US 10000
#define SLACK_US  4000
#define FAST_SLACK_US                                                                              \
    20000 /* the time to make the next update, where the link is not the limit                     \
           */

#define FIRST_UPDATE (64 * 1024) /* bytes, before anything is known */
#define MIN_UPDATE   (8 * 1024)
#define MIN_WINDOW   (2 * MIN_UPDATE) /* one on its way, one being made */

/* A shorter round trip stays in the building: what takes its time there is the client's decoding,
 * unless even that could not be so slow (bytes a second). */
#define NEAR_US   2000
#define NEAR_FAST (1500 * 1000)

#define MIN_SAMPLE  4096  /* bytes: with less, a client's own moods are longer than the sending */
#define MOOD_US     15000 /* an event loop's turn, a repaint: the client's, not the link's */
#define MAX_IDLE    8
#define SHORTEST_US 20             /* no sending is measured better */
#define HOPE        1.25           /* times what is known, where nothing speaks against more */
#define SMALL_HOPE  1.1            /* … and where it was so for long: too much is one by one */
#define MEMORY_US   150000         /* of sending, that the bandwidth is taken from */
#define WORK_MEMORY (1 - 1.0 / 24) /* of updates, that the client's work is taken from */
#define MIN_WORK_US (2 * MOOD_US)  /* with less, a client is as good as any */
#define MIN_SPREAD  0.1            /* of sizes, without which nothing is told of the work */
#define TRY_EVERY   8              /* updates: then one is … */
#define TRY_MORE    1.4 /* … larger, where they take so long that it would matter, or … */
#define TRY_LESS    4   /* … so many times smaller, where each goes through an empty link */
#define BASE_US     (10 * G_USEC_PER_SEC) /* the shortest round trip is looked for anew after that */
#define LATE_US     (5 * G_USEC_PER_SEC)  /* no answer for so long */

typedef struct {
    gint64 at;
    guint64 position;
    gboolean idle; /* nothing was on its way before */
} Mark;

typedef struct {
    gint64 round_trip;
    gsize bytes;
} Idle;

/* What updates took in a row, as a straight line over their sizes: sums that fade. */
typedef struct {
    double n, bytes, time, squares, products;
} Line;

struct VncCongestion {
    Mark marks[MAX_MARKS];
    guint first, n_marks;
    guint64 sent, answered; /* positions */
    gint64 answered_at;     /* when the last answer came */
    gint64 base, base_at;   /* the shortest round trip, and when it was seen; 0: not known */
    gsize base_bytes;       /* that were sent in it */
    gint64 round_trip;      /* smoothed; 0: not known */
    Idle idle[MAX_IDLE];    /* the last round trips that began with an empty link */
    guint n_idle;           /* in a row, but wrapped to between one and two times MAX_IDLE */
    double bytes, service;  /* sent in how many µs of sending; fading */
    Line busy;              /* of updates behind one another */
    gint64 work;            /* of the client with each of them, whatever is in it, µs */
    guint tries;            /* updates */
    gint64 left;            /* when the last byte leaves for the link, by what is known */
};

VncCongestion *
vnc_congestion_new(void)
{
    return g_new0(VncCongestion, 1);
}

void
vnc_congestion_free(VncCongestion *congestion)
{
    g_free(congestion);
}

guint64
vnc_congestion_bandwidth(const VncCongestion *congestion)
{
    return congestion->service > 0
               ? (guint64)(congestion->bytes * G_USEC_PER_SEC / congestion->service)
               : 0;
}

static const Mark *
last_mark(const VncCongestion *congestion)
{
    return congestion->n_marks
               ? &congestion->marks[(congestion->first + congestion->n_marks - 1) % MAX_MARKS]
               : NULL;
}

void
vnc_congestion_sent(VncCongestion *congestion, gint64 now, guint64 position)
{
    guint64 bandwidth = vnc_congestion_bandwidth(congestion);
    guint64 bytes = position - congestion->sent;

    if (congestion->n_marks == MAX_MARKS) /* nobody asked for room: the newest stands for both */
        congestion->n_marks--;
    congestion->marks[(congestion->first + congestion->n_marks) % MAX_MARKS] =
        (Mark){now, position, congestion->n_marks == 0};
    congestion->n_marks++;
    congestion->tries++;
    congestion->sent = position;
    if (bandwidth)
        congestion->left =
            MAX(now, congestion->left) + (gint64)(bytes * G_USEC_PER_SEC / bandwidth);
}

gsize
vnc_congestion_in_flight(const VncCongestion *congestion)
{
    const Mark *last = last_mark(congestion);

    return last ? (gsize)(last->position - congestion->answered) : 0;
}

/* The shortest round trip of nothing at all, µs. */
static gint64
distance(const VncCongestion *congestion)
{
    guint64 bandwidth = vnc_congestion_bandwidth(congestion);
    gint64 sending = bandwidth ? (gint64)(congestion->base_bytes * G_USEC_PER_SEC / bandwidth) : 0;

    return MAX(congestion->base - sending, 0);
}

static gsize
in_time(guint64 bandwidth, gint64 microseconds)
{
    return (gsize)(bandwidth * (guint64)microseconds / G_USEC_PER_SEC);
}

/* Older sending fades by as much as the new took. */
static void
learn_bandwidth(VncCongestion *congestion, double bytes, double service)
{
    double keep = MEMORY_US / (MEMORY_US + service);

    congestion->bytes = congestion->bytes * keep + bytes;
    congestion->service = congestion->service * keep + service;
}

/* What updates of no bytes would take, by those of late; 0 where that is little or not known. */
static gint64
line_start(const Line *line)
{
    double size = line->bytes / line->n, time = line->time / line->n;
    double spread = line->squares / line->n - size * size;
    double slope = (line->products / line->n - size * time) / MAX(spread, 1);
    double start = time - MAX(slope, 0) * size;

    return spread > size * size * MIN_SPREAD * MIN_SPREAD && start > MIN_WORK_US ? (gint64)start
                                                                                 : 0;
}

static void
line_add(Line *line, double bytes, double time)
{
    line->n = line->n * WORK_MEMORY + 1;
    line->bytes = line->bytes * WORK_MEMORY + bytes;
    line->time = line->time * WORK_MEMORY + time;
    line->squares = line->squares * WORK_MEMORY + bytes * bytes;
    line->products = line->products * WORK_MEMORY + bytes * time;
}

/* The link and the client were busy with these bytes from one answer to the next. A client that
 * works long for each update, whatever is in it, is no slow link; as to how long that is one may
 * err, so what is known of the link grows step by step. */
static void
learn_from_busy(VncCongestion *congestion, gint64 now, gsize size)
{
    double bytes = (double)size, time = (double)MAX(now - congestion->answered_at, SHORTEST_US);
    double known = congestion->bytes / MAX(congestion->service, 1);

    if (time < (double)congestion->work) /* it works less than it did: what is known is old */
        congestion->busy = (Line){0};
    line_add(&congestion->busy, bytes, time);
    congestion->work = line_start(&congestion->busy);
    if (congestion->work && known > 0) {
        double sending = MAX(time - (double)congestion->work, bytes / known / HOPE);

        learn_bandwidth(congestion, bytes / sending * MEMORY_US, MEMORY_US);
    } else {
        learn_bandwidth(congestion, bytes, time);
    }
}

/* The shortest round trip to compare one through an empty link with. Where all go through an empty
 * link, it is one of the last: what is fixed in them, a slow client's work included, is no lack of
 * bandwidth. */
static Idle
shortest_idle(const VncCongestion *congestion)
{
    Idle shortest = {congestion->base, congestion->base_bytes};

    if (congestion->n_idle < MAX_IDLE)
        return shortest;
    shortest = congestion->idle[0];
    for (guint i = 1; i < MAX_IDLE; i++)
        if (congestion->idle[i].round_trip < shortest.round_trip)
            shortest = congestion->idle[i];
    return shortest;
}

/* Sent into an empty link: what is more than in the shortest round trip took what is longer. The
 * client's moods are in it, too, so it is good news only, or very bad ones. */
static void
learn_from_idle(VncCongestion *congestion, gint64 round_trip, gsize bytes)
{
    const Idle shortest = shortest_idle(congestion);
    guint64 bandwidth = vnc_congestion_bandwidth(congestion);
    double known = (double)bandwidth / G_USEC_PER_SEC;
    double more = (double)bytes - (double)shortest.bytes;
    double service = (double)MAX(round_trip - shortest.round_trip, SHORTEST_US);
    double rest = service - MOOD_US;
    double hope = congestion->n_idle < MAX_IDLE ? HOPE : SMALL_HOPE;

    if (!congestion->base || (known <= 0 && more < MIN_SAMPLE))
        learn_bandwidth(congestion, (double)bytes, (double)round_trip);
    else if (more < MIN_SAMPLE && bytes * 2 >= in_time(bandwidth, UPDATE_US))
        learn_bandwidth(congestion, (double)bytes, (double)bytes / known / hope);
    else if (more < MIN_SAMPLE)
        return; /* nothing speaks against more, but nobody asks for it */
    else if (known <= 0 || more / service >= known)
        learn_bandwidth(congestion, more, service);
    else if (rest > 0 && more / rest < known)
        learn_bandwidth(congestion, more, rest);
}

static void
note_idle(VncCongestion *congestion, gint64 round_trip, gsize bytes)
{
    congestion->idle[congestion->n_idle % MAX_IDLE] = (Idle){round_trip, bytes};
    congestion->n_idle++;
    if (congestion->n_idle == 2 * MAX_IDLE)
        congestion->n_idle = MAX_IDLE;
}

/* The path may become longer: after a while, the shortest round trip must prove itself with what is
 * sent into an empty link. */
static void
look_at_base(VncCongestion *congestion, const Mark *mark, gint64 now, gsize bytes)
{
    guint64 bandwidth = vnc_congestion_bandwidth(congestion);
    gint64 round_trip = MAX(now - mark->at, 1);
    gint64 sending = bandwidth ? (gint64)(bytes * G_USEC_PER_SEC / bandwidth) : 0;
    gboolean old = mark->idle && now - congestion->base_at > BASE_US;

    if (!congestion->base || round_trip <= congestion->base ||
        (old && round_trip > distance(congestion) + sending + MOOD_US)) {
        congestion->base = round_trip;
        congestion->base_bytes = bytes;
        congestion->base_at = now;
    } else if (old) {
        congestion->base_at = now;
    }
    congestion->round_trip =
        congestion->round_trip ? (congestion->round_trip * 7 + round_trip) / 8 : round_trip;
}

void
vnc_congestion_answered(VncCongestion *congestion, gint64 now)
{
    const Mark *mark = &congestion->marks[congestion->first];
    gsize bytes;

    if (!congestion->n_marks)
        return;
    bytes = (gsize)(mark->position - congestion->answered);
    if (bytes >= MIN_SAMPLE && mark->at + distance(congestion) < congestion->answered_at)
        learn_from_busy(congestion, now, bytes);
    else if (bytes >= MIN_SAMPLE)
        learn_from_idle(congestion, now - mark->at, bytes);
    if (!mark->idle)
        congestion->n_idle = 0;
    else
        note_idle(congestion, MAX(now - mark->at, 1), bytes);
    look_at_base(congestion, mark, now, bytes);
    congestion->answered = mark->position;
    congestion->answered_at = now;
    congestion->first = (congestion->first + 1) % MAX_MARKS;
    congestion->n_marks--;
}

void
vnc_congestion_answered_all(VncCongestion *congestion, gint64 now)
{
    Mark *last;

    if (!congestion->n_marks)
        return;
    /* One answer for all: they count as one. */
    last = &congestion->marks[(congestion->first + congestion->n_marks - 1) % MAX_MARKS];
    last->at = congestion->marks[congestion->first].at;
    last->idle = congestion->marks[congestion->first].idle;
    congestion->first = (congestion->first + congestion->n_marks - 1) % MAX_MARKS;
    congestion->n_marks = 1;
    vnc_congestion_answered(congestion, now);
}

void
vnc_congestion_give_up(VncCongestion *congestion)
{
    const Mark *last = last_mark(congestion);

    if (last)
        congestion->answered = last->position;
    congestion->n_marks = 0;
}

/* Is a processor the limit, rather than the link? */
static gboolean
is_fast(const VncCongestion *congestion)
{
    return vnc_congestion_bandwidth(congestion) >=
           (congestion->base < NEAR_US ? NEAR_FAST : VNC_CONGESTION_FAST);
}

/* The window: what fills the link and keeps a little in front of it. An old shortest round trip is
 * looked for anew with an empty link, which takes one round trip. */
static gboolean
has_room(const VncCongestion *congestion, gint64 now, guint64 bandwidth, gint64 slack)
{
    if (!congestion->n_marks)
        return TRUE;
    if (congestion->n_marks == MAX_MARKS)
        return FALSE;
    if (!bandwidth)
        return vnc_congestion_in_flight(congestion) < FIRST_UPDATE;
    if (now - congestion->base_at > BASE_US && !is_fast(congestion))
        return FALSE;
    if (congestion->work && congestion->n_marks >= 2 + distance(congestion) / congestion->work)
        return FALSE;
    return vnc_congestion_in_flight(congestion) <
           MAX(in_time(bandwidth, distance(congestion) + slack), MIN_WINDOW);
}

/* A window that opens wide is not filled at once: it would all be old by the time it leaves. */
gint64
vnc_congestion_opens(const VncCongestion *congestion, gint64 now)
{
    guint64 bandwidth = vnc_congestion_bandwidth(congestion);
    gint64 slack = is_fast(congestion) ? FAST_SLACK_US : SLACK_US;

    if (!has_room(congestion, now, bandwidth, slack))
        return G_MAXINT64;
    return congestion->n_marks ? MAX(now, congestion->left - slack) : now;
}

/* Updates of one size would not tell what is work and what is sending; nor, one by one, what is the
 * way. There a small one is always among those that the others are compared with. */
static gsize
try_another_size(const VncCongestion *congestion, gsize bytes)
{
    const Line *busy = &congestion->busy;

    if (congestion->tries % TRY_EVERY != 0)
        return bytes;
    if (congestion->n_idle >= MAX_IDLE)
        return MAX(bytes / TRY_LESS, MIN_UPDATE);
    return busy->time > busy->n * MIN_WORK_US ? (gsize)((double)bytes * TRY_MORE) : bytes;
}

/* One by one, each update costs a round trip, in which at least as much should travel. */
gsize
vnc_congestion_budget(const VncCongestion *congestion, gboolean one_by_one)
{
    guint64 bandwidth = vnc_congestion_bandwidth(congestion);
    gsize bytes = in_time(bandwidth, UPDATE_US);

    if (!bandwidth)
        return FIRST_UPDATE;
    if (is_fast(congestion))
        return G_MAXSIZE;
    if (one_by_one) {
        Idle shortest = shortest_idle(congestion);
        gsize travels = in_time(bandwidth, shortest.round_trip);

        bytes += travels - MIN(shortest.bytes, travels);
    }
    return try_another_size(congestion, MAX(bytes, MIN_UPDATE));
}

gint64
vnc_congestion_deadline(const VncCongestion *congestion)
{
    return congestion->n_marks
               ? congestion->marks[congestion->first].at + LATE_US + congestion->round_trip * 4
               : 0;
}

gint64
vnc_congestion_round_trip(const VncCongestion *congestion)
{
    return congestion->round_trip;
}

gint64
vnc_congestion_base(const VncCongestion *congestion)
{
    return congestion->base;
}
