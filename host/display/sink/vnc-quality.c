/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vnc-quality.h"
#include "vnc-congestion.h"

#define PERIOD_US   (G_USEC_PER_SEC / 2)
#define FIRST_HOLD  (3 * G_USEC_PER_SEC) /* of ease, before it goes up */
#define LAST_HOLD   (48 * G_USEC_PER_SEC)
#define LEVELS      2   /* a step's: about 0.7 times the bytes */
#define LOWEST      1   /* level; what is coarser is no picture */
#define EASE        0.5 /* share of the link in use, at most, for the next step to fit */
#define BUSY        0.3 /* … and at least, for it to be the limit; a round trip an update leaves half */
#define MIN_UPDATES 4    /* a period of fewer says nothing */
#define FULL_US     5000 /* of the link: what holds back with less was mistaken about what it takes */

struct VncQuality {
    guint steps;
    gint64 period, eased, raised; /* when the period, the ease began; when it last went up */
    gint64 hold;
    guint updates, held_back;
    gsize bytes, lossy;
};

VncQuality *
vnc_quality_new(void)
{
    VncQuality *quality = g_new0(VncQuality, 1);

    quality->hold = FIRST_HOLD;
    return quality;
}

void
vnc_quality_free(VncQuality *quality)
{
    g_free(quality);
}

static double
used(const VncQuality *quality, gint64 length)
{
    return (double)quality->bytes / (double)length * G_USEC_PER_SEC;
}

/* The link is the limit, and giving way would help. */
static gboolean
is_hard(const VncQuality *quality, gint64 length, guint64 bandwidth)
{
    return bandwidth && bandwidth < VNC_CONGESTION_FAST / 2 && quality->updates >= MIN_UPDATES &&
           quality->held_back * 2 > quality->updates && quality->lossy * 3 > quality->bytes &&
           used(quality, length) >= (double)bandwidth * BUSY;
}

static gboolean
is_easy(const VncQuality *quality, gint64 length, guint64 bandwidth)
{
    return quality->held_back * 8 < quality->updates + 1 &&
           used(quality, length) < (double)bandwidth * EASE;
}

static void
go_down(VncQuality *quality, gint64 now)
{
    if (quality->steps < VNC_QUALITY_STEPS)
        quality->steps++;
    if (quality->raised && now - quality->raised < quality->hold)
        quality->hold = MIN(quality->hold * 2, LAST_HOLD);
    quality->raised = 0;
    quality->eased = now;
}

static void
go_up(VncQuality *quality, gint64 now)
{
    if (quality->raised) /* the step before held */
        quality->hold = FIRST_HOLD;
    quality->steps--;
    quality->raised = now;
    quality->eased = now;
}

void
vnc_quality_sent(VncQuality *quality, gint64 now, gsize bytes, gsize lossy, guint64 bandwidth,
                 gboolean held_back)
{
    gint64 length = now - quality->period;

    if (length >= PERIOD_US) {
        if (is_hard(quality, length, bandwidth))
            go_down(quality, now);
        else if (!is_easy(quality, length, bandwidth))
            quality->eased = now;
        else if (quality->steps && now - quality->eased >= quality->hold)
            go_up(quality, now);
        quality->period = now;
        quality->updates = quality->held_back = 0;
        quality->bytes = quality->lossy = 0;
    }
    quality->updates++;
    quality->held_back += held_back && bytes >= bandwidth * FULL_US / G_USEC_PER_SEC;
    quality->bytes += bytes;
    quality->lossy += lossy;
}

guint
vnc_quality_steps(const VncQuality *quality)
{
    return quality->steps;
}

int
vnc_quality_lowered(int wish, guint steps)
{
    return wish <= LOWEST ? wish : MAX(wish - (int)steps * LEVELS, LOWEST);
}
