/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sink/vnc-congestion.h"
#include "sink/vnc-quality.h"

/* A link that is only numbers: what is sent waits for what was sent before, takes its time, and is
 * answered after the way back. */
#define MAX_ANSWERS 128
#define SECOND      G_USEC_PER_SEC

typedef struct {
    guint64 bandwidth; /* bytes a second */
    gint64 delay;      /* there and back, µs */
    gint64 mood;       /* the client answers at whole multiples of that, µs; 0: at once */
    gint64 work;       /* the client's for each update, whatever is in it, µs */
    gint64 now, free;  /* free: when the last byte has left */
    gint64 answers[MAX_ANSWERS];
    guint first, n_answers;
    guint64 position, began; /* bytes sent; and at the start of the measurement */
    gint64 worst;            /* what something new would have waited, at most, µs */
    VncCongestion *congestion;
} Link;

static void
link_init(Link *link, guint64 bandwidth, gint64 delay, gint64 mood)
{
    *link = (Link){.bandwidth = bandwidth, .delay = delay, .mood = mood, .now = SECOND};
    link->congestion = vnc_congestion_new();
}

static void
link_clear(Link *link)
{
    vnc_congestion_free(link->congestion);
}

static void
link_send(Link *link, gsize size)
{
    gint64 begin = MAX(link->now, link->free), answer;

    link->free = begin + link->work + (gint64)(size * SECOND / link->bandwidth);
    answer = link->free + link->delay;
    if (link->mood)
        answer = (answer / link->mood + 1) * link->mood;
    g_assert_cmpuint(link->n_answers, <, MAX_ANSWERS);
    link->answers[(link->first + link->n_answers++) % MAX_ANSWERS] = answer;
    link->position += size;
    vnc_congestion_sent(link->congestion, link->now, link->position);
    link->worst = MAX(link->worst, link->free - link->now);
}

static void
link_answer(Link *link)
{
    link->now = MAX(link->now, link->answers[link->first]);
    link->first = (link->first + 1) % MAX_ANSWERS;
    link->n_answers--;
    vnc_congestion_answered(link->congestion, link->now);
}

/* The first fence comes before any pixels. */
static void
link_greet(Link *link)
{
    link_send(link, 9);
    link_answer(link);
}

/* Goes on to the time when there is room, or an answer comes. */
static gboolean
may_send(Link *link)
{
    gint64 opens = vnc_congestion_opens(link->congestion, link->now);

    if (link->n_answers && opens > link->answers[link->first])
        return FALSE;
    g_assert_cmpint(opens, <, G_MAXINT64);
    link->now = MAX(link->now, opens);
    return TRUE;
}

/* Somebody has always more to send. one: only when everything was answered, as without fences. */
static void
link_run(Link *link, gint64 time, gboolean one)
{
    gint64 end = link->now + time;

    link->began = link->position;
    link->worst = 0;
    while (link->now < end) {
        while (one ? !link->n_answers : may_send(link))
            link_send(link, MIN(vnc_congestion_budget(link->congestion, one), 1024 * 1024));
        link_answer(link);
    }
}

static double
link_share(const Link *link, gint64 time)
{
    return (double)(link->position - link->began) / (double)link->bandwidth /
           ((double)time / SECOND);
}

static const struct {
    const char *name;
    guint64 bandwidth;
    gint64 delay, mood;
    double share;
    gint64 worst;
} lines[] = {
    {"20 Mbit/s, 40 ms", 2500000, 40000, 0, 0.9, 20000},
    {"5 Mbit/s, 150 ms", 625000, 150000, 0, 0.9, 30000},
    {"1 Mbit/s, 300 ms", 125000, 300000, 0, 0.8, 100000},
    {"100 Mbit/s, 10 ms", 12500000, 10000, 0, 0.9, 20000},
    {"1 Gbit/s, 1 ms", 125000000, 1000, 0, 0.9, 40000},
    {"20 Mbit/s, 40 ms, a browser", 2500000, 40000, 8000, 0.85, 35000},
    {"100 Mbit/s, 4 ms, a browser", 12500000, 4000, 8000, 0.4, 25000},
};

/* The link is full, and yet something new never waits for long. */
static void
test_lines(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
        Link link;

        link_init(&link, lines[i].bandwidth, lines[i].delay, lines[i].mood);
        link_greet(&link);
        link_run(&link, 5 * SECOND, FALSE);
        link_run(&link, 30 * SECOND, FALSE);
        g_test_message("%s: %.2f of the link, %.1f ms at most, %.2f Mbyte/s seen", lines[i].name,
                       link_share(&link, 30 * SECOND), (double)link.worst / 1000,
                       (double)vnc_congestion_bandwidth(link.congestion) / 1e6);
        g_assert_cmpfloat(link_share(&link, 30 * SECOND), >=, lines[i].share);
        g_assert_cmpint(link.worst, <=, lines[i].worst);
        link_clear(&link);
    }
}

/* Slower, and fast again. */
static void
test_changes(void)
{
    Link link;

    link_init(&link, 12500000, 20000, 0);
    link_greet(&link);
    link_run(&link, 5 * SECOND, FALSE);
    link.bandwidth = 250000;
    link_run(&link, 2 * SECOND, FALSE);
    link_run(&link, 5 * SECOND, FALSE);
    g_assert_cmpint(link.worst, <=, 70000);
    g_assert_cmpfloat(link_share(&link, 5 * SECOND), >=, 0.9);
    link.bandwidth = 12500000;
    link_run(&link, 3 * SECOND, FALSE);
    link_run(&link, 5 * SECOND, FALSE);
    g_assert_cmpfloat(link_share(&link, 5 * SECOND), >=, 0.85);
    g_assert_cmpint(link.worst, <=, 20000);
    link_clear(&link);
}

/* A longer way is found out, though the link is never empty of itself. */
static void
test_longer_way(void)
{
    Link link;

    link_init(&link, 2500000, 10000, 0);
    link_greet(&link);
    link_run(&link, 5 * SECOND, FALSE);
    link.delay = 100000;
    link_run(&link, 30 * SECOND, FALSE);
    g_assert_cmpint(vnc_congestion_base(link.congestion), >=, 90000);
    link_run(&link, 5 * SECOND, FALSE);
    g_assert_cmpfloat(link_share(&link, 5 * SECOND), >=, 0.85);
    g_assert_cmpint(link.worst, <=, 30000);
    link_clear(&link);
}

/* One update a request: the bandwidth is seen all the same. */
static void
test_requests(void)
{
    Link link;

    link_init(&link, 2500000, 40000, 0);
    link_run(&link, 10 * SECOND, TRUE);
    g_assert_cmpuint(vnc_congestion_bandwidth(link.congestion), >, 1500000);
    g_assert_cmpuint(vnc_congestion_bandwidth(link.congestion), <, 7000000);
    link_run(&link, 10 * SECOND, TRUE);
    g_test_message("%.2f of the link, %.1f ms at most, %.2f Mbyte/s seen",
                   link_share(&link, 10 * SECOND), (double)link.worst / 1000,
                   (double)vnc_congestion_bandwidth(link.congestion) / 1e6);
    g_assert_cmpfloat(link_share(&link, 10 * SECOND), >=, 0.45);
    g_assert_cmpint(link.worst, <=, 90000);
    link_clear(&link);
}

/* All updates of one size would look as if the way was as long as sending them takes, and larger
 * ones cost nothing: what is believed of the link must not grow with time. */
static void
test_requests_for_long(void)
{
    for (gint64 mood = 0; mood <= 8000; mood += 4000) {
        Link link;

        link_init(&link, 2500000, 40000, mood);
        link_run(&link, 100 * SECOND, TRUE);
        link_run(&link, 10 * SECOND, TRUE);
        g_test_message("%.2f of the link, %.1f ms at most, %.2f Mbyte/s and %.1f ms seen",
                       link_share(&link, 10 * SECOND), (double)link.worst / 1000,
                       (double)vnc_congestion_bandwidth(link.congestion) / 1e6,
                       (double)vnc_congestion_base(link.congestion) / 1000);
        g_assert_cmpfloat(link_share(&link, 10 * SECOND), >=, 0.4);
        g_assert_cmpuint(vnc_congestion_bandwidth(link.congestion), <, 5000000);
        g_assert_cmpint(vnc_congestion_base(link.congestion), <, 70000);
        g_assert_cmpint(link.worst, <=, 100000);
        link_clear(&link);
    }
}

/* A client that needs long for each update, whatever is in it, is not sent crumbs. */
static void
test_slow_client(void)
{
    Link link;

    link_init(&link, 12500000, 20000, 0);
    link_run(&link, 2 * SECOND, TRUE);
    link.delay = 700000;
    link_run(&link, 20 * SECOND, TRUE);
    link_run(&link, 10 * SECOND, TRUE);
    g_test_message("%.0f bytes a second", (double)(link.position - link.began) / 10);
    g_assert_cmpfloat((double)(link.position - link.began) / 10, >=, 1000000);
    link_clear(&link);
}

/* Nor where it takes one after the other. What is new waits for three of them at most. */
static void
test_busy_client(void)
{
    Link link;

    link_init(&link, 12500000, 20000, 0);
    link_greet(&link);
    link_run(&link, 2 * SECOND, FALSE);
    link.work = 200000;
    link_run(&link, 20 * SECOND, FALSE);
    link_run(&link, 10 * SECOND, FALSE);
    g_test_message("%.0f bytes a second, %.1f ms at most",
                   (double)(link.position - link.began) / 10, (double)link.worst / 1000);
    g_assert_cmpfloat((double)(link.position - link.began) / 10, >=, 400000);
    g_assert_cmpint(link.worst, <=, 650000);
    link.work = 0;
    link_run(&link, 5 * SECOND, FALSE);
    link_run(&link, 10 * SECOND, FALSE);
    g_assert_cmpfloat(link_share(&link, 10 * SECOND), >=, 0.85);
    g_assert_cmpint(link.worst, <=, 20000);
    link_clear(&link);
}

static void
test_small_updates(void)
{
    Link link;

    link_init(&link, 12500000, 30000, 0);
    link_run(&link, 2 * SECOND, FALSE);
    while (link.n_answers)
        link_answer(&link);
    guint64 known = vnc_congestion_bandwidth(link.congestion);
    for (guint i = 0; i < 500; i++) { /* typing says nothing of the bandwidth */
        while (link.n_answers)
            link_answer(&link);
        link.now += 20000;
        link_send(&link, 300);
    }
    g_assert_cmpuint(vnc_congestion_bandwidth(link.congestion), ==, known);
    g_assert_cmpint(vnc_congestion_round_trip(link.congestion), >=, 30000);
    g_assert_cmpint(vnc_congestion_round_trip(link.congestion), <, 35000);
    link_clear(&link);
}

/* Answers that never come, come twice, or come for all at once. */
static void
test_odd_answers(void)
{
    VncCongestion *congestion = vnc_congestion_new();

    vnc_congestion_answered(congestion, 1000);
    vnc_congestion_answered_all(congestion, 1000);
    g_assert_cmpint(vnc_congestion_deadline(congestion), ==, 0);
    for (guint i = 0; i < 1000; i++)
        vnc_congestion_sent(congestion, 1000 + i, i * 10);
    g_assert_false(vnc_congestion_opens(congestion, 2000) <= 2000);
    g_assert_cmpint(vnc_congestion_deadline(congestion), >, 2000);
    vnc_congestion_give_up(congestion);
    g_assert_true(vnc_congestion_opens(congestion, 2000) <= 2000);
    g_assert_cmpuint(vnc_congestion_in_flight(congestion), ==, 0);
    vnc_congestion_answered(congestion, 3000);
    vnc_congestion_sent(congestion, 4000, 200000);
    vnc_congestion_sent(congestion, 5000, 300000);
    vnc_congestion_answered_all(congestion, 24000);
    g_assert_cmpuint(vnc_congestion_in_flight(congestion), ==, 0);
    g_assert_cmpint(vnc_congestion_base(congestion), ==, 20000);
    vnc_congestion_free(congestion);
}

/* Quality ---------------------------------------------------------------------------------------
 */

/* time of updates, 25 a second, each of bytes, a share of them with loss. */
static gint64
sent(VncQuality *quality, gint64 now, gint64 time, gsize bytes, gsize lossy, gboolean held_back)
{
    for (gint64 end = now + time; now < end; now += SECOND / 25)
        vnc_quality_sent(quality, now, bytes, lossy, 625000, held_back);
    return now;
}

static void
test_quality(void)
{
    VncQuality *quality = vnc_quality_new();
    gint64 now = sent(quality, SECOND, 5 * SECOND, 20000, 0, TRUE);

    g_assert_cmpuint(vnc_quality_steps(quality), ==, 0); /* text does not suffer */
    now = sent(quality, now, SECOND, 20000, 18000, TRUE);
    g_assert_cmpuint(vnc_quality_steps(quality), >, 0);
    now = sent(quality, now, 10 * SECOND, 20000, 18000, TRUE);
    g_assert_cmpuint(vnc_quality_steps(quality), ==, VNC_QUALITY_STEPS);
    g_assert_cmpint(vnc_quality_lowered(8, vnc_quality_steps(quality)), ==, 2);
    g_assert_cmpint(vnc_quality_lowered(2, vnc_quality_steps(quality)), ==, 1);
    g_assert_cmpint(vnc_quality_lowered(0, vnc_quality_steps(quality)), ==, 0);
    g_assert_cmpint(vnc_quality_lowered(-1, vnc_quality_steps(quality)), ==, -1);
    now = sent(quality, now, 10 * SECOND, 20000, 18000, FALSE); /* it fits now, but no more would */
    g_assert_cmpuint(vnc_quality_steps(quality), ==, VNC_QUALITY_STEPS);
    now = sent(quality, now, 60 * SECOND, 2000, 1800, FALSE);
    g_assert_cmpuint(vnc_quality_steps(quality), ==, 0);
    vnc_quality_free(quality);
}

/* What fits at two steps down and not at one is tried less and less often. */
static void
test_quality_holds(void)
{
    VncQuality *quality = vnc_quality_new();
    gint64 now = SECOND;
    guint changes = 0, steps = 0;

    for (guint i = 0; i < 25 * 300; i++) {
        gboolean fits = vnc_quality_steps(quality) >= 2;

        vnc_quality_sent(quality, now, fits ? 9000 : 30000, fits ? 8000 : 29000, 625000, !fits);
        now += SECOND / 25;
        changes += vnc_quality_steps(quality) != steps;
        steps = vnc_quality_steps(quality);
    }
    g_test_message("%u changes", changes);
    g_assert_cmpuint(changes, >=, 4);
    g_assert_cmpuint(changes, <=, 24);
    vnc_quality_free(quality);
}

/* Before anything is known of what pixels take, an empty screen is held back: that is not the link.
 */
static void
test_quality_mistaken(void)
{
    VncQuality *quality = vnc_quality_new();
    gint64 now = SECOND;

    for (guint round = 0; round < 8; round++) {
        now = sent(quality, now, SECOND / 4, 40, 0, TRUE);
        vnc_quality_sent(quality, now, 400000, 390000, 4000000, FALSE);
        now += SECOND;
    }
    sent(quality, now, 5 * SECOND, 4000, 4000, TRUE); /* most of the time it carries nothing */
    g_assert_cmpuint(vnc_quality_steps(quality), ==, 0);
    vnc_quality_free(quality);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vnc-congestion/lines", test_lines);
    g_test_add_func("/vnc-congestion/changes", test_changes);
    g_test_add_func("/vnc-congestion/longer-way", test_longer_way);
    g_test_add_func("/vnc-congestion/requests", test_requests);
    g_test_add_func("/vnc-congestion/requests-for-long", test_requests_for_long);
    g_test_add_func("/vnc-congestion/slow-client", test_slow_client);
    g_test_add_func("/vnc-congestion/busy-client", test_busy_client);
    g_test_add_func("/vnc-congestion/small-updates", test_small_updates);
    g_test_add_func("/vnc-congestion/odd-answers", test_odd_answers);
    g_test_add_func("/vnc-quality/follows", test_quality);
    g_test_add_func("/vnc-quality/holds", test_quality_holds);
    g_test_add_func("/vnc-quality/mistaken", test_quality_mistaken);
    return g_test_run();
}
