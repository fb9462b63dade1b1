/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vnc-update.h"
#include "lossy.h"
#include "region.h"
#include "vnc-copy.h"
#include "vnc-framing.h"
#include "vnc-quality.h"
#include "vnc-slice.h"

#define QUALITY_FIRST (-32) /* level 0; -23 is level 9 */
#define QUALITY_LAST  (-23)
#define SHARP_STEP    (512 * 512) /* pixels made exact at once, whatever the link */
#define SHARP_LEAST   (64 * 16)
#define SHARP_COST    2 /* bytes a pixel that a photograph takes without loss */
#define SHARP_SHARE                                                                                \
    8 /* of an update that has more than it may have, at least one part in so many */
#define EAGER_SHARE    2      /* of an update, one part in so many, what goes out alone may take */
#define MAX_RECTANGLES 60000  /* an update counts them in 16 bits */
#define UNCOUNTED      0xffff /* of rectangles: until LastRect */
#define MAX_REGION     256

struct VncUpdate {
    void (*wants_frame)(gpointer user);
    gpointer user;
    EncodeSettings settings; /* quality: the client's wish */
    int quality;             /* in use */
    int width, height;       /* as the client knows, or is about to be told */
    VncExtras *extras;
    pixman_region32_t dirty, requested, continuous;
    gboolean is_continuous;
    gboolean asked; /* a request is open, be its area empty or not */
    Lossy *lossy;
    VncCopy *copy; /* what the next update, or the one in flight, begins with */
    VncSlice *slice;
    gboolean in_flight, stale, held_back;
    gboolean for_parts;                /* the one in flight may come in parts */
    gboolean in_parts;                 /* … and has begun to */
    guint n_sent;                      /* its rectangles so far */
    pixman_region32_t taken, answered; /* the changes in flight, and the requests they answer */
    GByteArray *head; /* of the update that is being sent: all but packets; kept for its memory */
    guint64 sent, merged;
    gboolean unseen; /* a change, since the last update was taken */
    gsize bytes, lossy_bytes;
};

void
vnc_work_init(VncWork *work)
{
    pixman_region32_init(&work->changed);
    pixman_region32_init(&work->exact);
}

void
vnc_work_clear(VncWork *work)
{
    pixman_region32_fini(&work->changed);
    pixman_region32_fini(&work->exact);
}

gboolean
vnc_work_is_empty(const VncWork *work)
{
    return region_is_empty(&work->changed) && region_is_empty(&work->exact);
}

gboolean
vnc_work_equal(const VncWork *a, const VncWork *b)
{
    return encode_settings_equal(&a->settings, &b->settings) &&
           region_equal(&a->changed, &b->changed) && region_equal(&a->exact, &b->exact);
}

VncUpdate *
vnc_update_new(void (*wants_frame)(gpointer user), gpointer user)
{
    VncUpdate *update = g_new0(VncUpdate, 1);

    update->wants_frame = wants_frame;
    update->user = user;
    update->settings.encoder = &encoder_raw;
    update->settings.quality = update->quality = -1;
    pixel_format_init_native(&update->settings.format);
    pixman_region32_init(&update->dirty);
    pixman_region32_init(&update->requested);
    pixman_region32_init(&update->continuous);
    update->extras = vnc_extras_new();
    update->copy = vnc_copy_new();
    update->lossy = lossy_new(wants_frame, user);
    update->slice = vnc_slice_new();
    update->head = g_byte_array_new();
    pixman_region32_init(&update->taken);
    pixman_region32_init(&update->answered);
    return update;
}

void
vnc_update_free(VncUpdate *update)
{
    if (!update)
        return;
    lossy_free(update->lossy);
    vnc_slice_free(update->slice);
    vnc_copy_free(update->copy);
    g_byte_array_unref(update->head);
    pixman_region32_fini(&update->dirty);
    pixman_region32_fini(&update->requested);
    pixman_region32_fini(&update->continuous);
    pixman_region32_fini(&update->taken);
    pixman_region32_fini(&update->answered);
    vnc_extras_free(update->extras);
    g_free(update);
}

gboolean
vnc_update_has(const VncUpdate *update, gint32 encoding)
{
    return vnc_extras_has(update->extras, encoding);
}

guint64
vnc_update_sent(const VncUpdate *update)
{
    return update->sent;
}

void
vnc_update_set_format(VncUpdate *update, const PixelFormat *format)
{
    update->settings.format = *format;
    vnc_copy_give_back(update->copy, &update->dirty);
    update->stale = update->in_flight;
    vnc_extras_format_changed(update->extras);
}

void
vnc_update_set_encodings(VncUpdate *update, const guint8 *list, guint n_encodings)
{
    const Encoder *encoder = NULL;

    vnc_extras_set_encodings(update->extras, list, n_encodings);
    update->settings.quality = -1;
    for (guint i = 0; i < n_encodings; i++) {
        gint32 encoding = (gint32)vnc_get32(list + i * 4);

        encoder = encoder ? encoder : encoder_find(encoding);
        if (encoding >= QUALITY_FIRST && encoding <= QUALITY_LAST)
            update->settings.quality = encoding - QUALITY_FIRST;
    }
    update->settings.encoder = encoder ? encoder : &encoder_raw;
    if (!vnc_update_has(update, VNC_ENCODING_COPY_RECT))
        vnc_copy_give_back(update->copy, &update->dirty);
    update->stale = update->in_flight;
}

void
vnc_update_request(VncUpdate *update, gboolean incremental, int x, int y, int width, int height)
{
    pixman_region32_t area;

    pixman_region32_init_rect(&area, x, y, (unsigned)width, (unsigned)height);
    pixman_region32_intersect_rect(&area, &area, 0, 0, (unsigned)update->width,
                                   (unsigned)update->height);
    if (!incremental) {
        pixman_region32_union(&update->dirty, &update->dirty, &area);
        if (vnc_update_has(update, VNC_ENCODING_EXTENDED_SIZE))
            vnc_extras_resized(update->extras);
    }
    pixman_region32_union(&update->requested, &update->requested, &area);
    region_bound(&update->requested, MAX_REGION);
    region_bound(&update->dirty, MAX_REGION);
    pixman_region32_fini(&area);
    update->asked = TRUE;
    update->wants_frame(update->user);
}

void
vnc_update_continuous(VncUpdate *update, gboolean on, int x, int y, int width, int height)
{
    update->is_continuous = on;
    pixman_region32_fini(&update->continuous);
    pixman_region32_init_rect(&update->continuous, x, y, (unsigned)width, (unsigned)height);
    if (on)
        update->wants_frame(update->user);
}

void
vnc_update_pointer(VncUpdate *update, int x, int y)
{
    vnc_slice_pointer(update->slice, x, y);
}

void
vnc_update_size_asked(VncUpdate *update)
{
    vnc_extras_size_asked(update->extras);
}

void
vnc_update_damage(VncUpdate *update, const pixman_region32_t *damage)
{
    if (region_is_empty(damage))
        return;
    update->merged += update->unseen;
    update->unseen = TRUE;
    pixman_region32_union(&update->dirty, &update->dirty, (pixman_region32_t *)damage);
    region_bound(&update->dirty, MAX_REGION);
}

void
vnc_update_frame(VncUpdate *update, const Frame *frame, const Plan *plan)
{
    const PlanOp *ops;
    guint n_ops;

    if (update->in_flight || !plan_n_copies(plan) ||
        !vnc_update_has(update, VNC_ENCODING_COPY_RECT)) {
        vnc_update_damage(update, &frame->damage);
        return;
    }
    ops = plan_ops(plan, &n_ops);
    vnc_copy_add(update->copy, ops, plan_n_copies(plan), update->lossy, &update->dirty);
    vnc_update_damage(update, plan_residue(plan));
}

gboolean
vnc_update_resized(VncUpdate *update, int width, int height)
{
    /* The first frame, or one after two changes of the size, may have the size that is known. */
    gboolean same = update->width == width && update->height == height;
    gboolean first = update->width == 0;

    update->width = width;
    update->height = height;
    pixman_region32_fini(&update->dirty);
    pixman_region32_init_rect(&update->dirty, 0, 0, (unsigned)width, (unsigned)height);
    vnc_copy_give_back(update->copy, &update->dirty);
    lossy_clear(update->lossy);
    vnc_slice_resize(update->slice, width, height);
    if (first || same)
        return TRUE;
    /* A request and continuous updates were for the whole screen in all likelihood; and the client
     * asks anew when it hears the size. */
    pixman_region32_fini(&update->continuous);
    pixman_region32_init_rect(&update->continuous, 0, 0, (unsigned)width, (unsigned)height);
    vnc_extras_resized(update->extras);
    return vnc_update_has(update, VNC_ENCODING_EXTENDED_SIZE) ||
           vnc_update_has(update, VNC_ENCODING_DESKTOP_SIZE);
}

void
vnc_update_set_cursor(VncUpdate *update, Cursor *cursor)
{
    vnc_extras_set_cursor(update->extras, cursor);
    update->wants_frame(update->user);
}

void
vnc_update_set_leds(VncUpdate *update, guint leds)
{
    if (vnc_extras_set_leds(update->extras, leds))
        update->wants_frame(update->user);
}

/* Taking and sending -----------------------------------------------------------------------------
 */

gboolean
vnc_update_ready(const VncUpdate *update)
{
    return !update->in_flight && (update->asked || update->is_continuous);
}

SinkProgress
vnc_update_progress(const VncUpdate *update)
{
    if (update->in_flight || vnc_extras_wait(update->extras) || !region_is_empty(&update->dirty) ||
        !vnc_copy_is_empty(update->copy))
        return SINK_SENDING;
    return lossy_is_empty(update->lossy) ? SINK_SETTLED : SINK_SENT;
}

gboolean
vnc_update_on_request(const VncUpdate *update)
{
    return !update->is_continuous;
}

/* A client shows an update when it has all of it: what a user waits for does not share one with a
 * video. FALSE: it is not little beside one. */
static gboolean
leave_videos_out(const VncUpdate *update, const VncRoom *room, pixman_region32_t *changed)
{
    pixman_region32_t videos;
    gboolean apart;

    if (!room->eager || !room->eager->n_video)
        return FALSE;
    pixman_region32_init_rects(&videos, room->eager->video, (int)room->eager->n_video);
    pixman_region32_subtract(&videos, changed, &videos);
    apart = !region_is_empty(&videos) && !region_equal(&videos, changed) &&
            vnc_slice_cost(update->slice, &videos) <= room->bytes / EAGER_SHARE;
    if (apart)
        pixman_region32_copy(changed, &videos);
    pixman_region32_fini(&videos);
    return apart;
}

/* The changed pixels that may be sent, those first that should be. */
static void
take_changed(VncUpdate *update, const pixman_region32_t *allowed, const VncRoom *room,
             pixman_region32_t *changed)
{
    pixman_region32_intersect(changed, &update->dirty, (pixman_region32_t *)allowed);
    update->held_back =
        room->bytes != G_MAXSIZE && (leave_videos_out(update, room, changed) ||
                                     vnc_slice_cut(update->slice, changed, room->bytes));
}

/* What was sent with loss and is still now: as much as changes leave room for, and a little always,
 * or a video would keep a photograph beside it blurred. */
static void
take_exact(VncUpdate *update, const pixman_region32_t *allowed, const VncRoom *room,
           const pixman_region32_t *changed, pixman_region32_t *exact)
{
    gint64 pixels = SHARP_STEP;

    pixman_region32_clear(exact);
    if (lossy_is_empty(update->lossy))
        return;
    if (!region_is_empty(changed) || !vnc_copy_is_empty(update->copy))
        lossy_changes(update->lossy, room->now);
    if (room->bytes != G_MAXSIZE) {
        gsize cost = vnc_slice_cost(update->slice, changed);
        gsize left = MAX(room->bytes - MIN(cost, room->bytes), room->bytes / SHARP_SHARE);

        pixels = (gint64)CLAMP(left / SHARP_COST, SHARP_LEAST, SHARP_STEP);
    }
    lossy_take(update->lossy, allowed, &update->dirty, room->now, pixels, exact);
}

/* Where the client wants to see anything: continuously, or asked for. */
static void
init_allowed(const VncUpdate *update, pixman_region32_t *allowed)
{
    pixman_region32_init(allowed);
    pixman_region32_copy(allowed, (pixman_region32_t *)&update->requested);
    if (update->is_continuous)
        pixman_region32_union(allowed, allowed, (pixman_region32_t *)&update->continuous);
    pixman_region32_intersect_rect(allowed, allowed, 0, 0, (unsigned)update->width,
                                   (unsigned)update->height);
}

/* What may be copied now: all that waits or nothing, for one copy reads what others before it
 * wrote. A client that is to be told its size may begin with an empty screen. */
static void
take_copies(VncUpdate *update, const pixman_region32_t *allowed)
{
    if (vnc_extras_size_waits(update->extras) || !vnc_copy_is_within(update->copy, allowed))
        vnc_copy_give_back(update->copy, &update->dirty);
}

gboolean
vnc_update_take(VncUpdate *update, const VncRoom *room, VncWork *work)
{
    pixman_region32_t allowed;

    init_allowed(update, &allowed);
    take_copies(update, &allowed);
    take_changed(update, &allowed, room, &work->changed);
    take_exact(update, &allowed, room, &work->changed, &work->exact);
    pixman_region32_fini(&allowed);
    if (vnc_work_is_empty(work) && !vnc_extras_wait(update->extras) &&
        vnc_copy_is_empty(update->copy))
        return FALSE;
    update->quality = vnc_quality_lowered(update->settings.quality, room->steps);
    work->settings = update->settings;
    work->settings.quality = update->quality;
    pixman_region32_copy(&update->taken, &work->changed);
    pixman_region32_subtract(&update->dirty, &update->dirty, &work->changed);
    pixman_region32_copy(&update->answered, &update->requested);
    pixman_region32_clear(
        &update->requested); /* a request that comes from now on is for the update after this one */
    update->asked = FALSE;
    update->in_flight = TRUE;
    /* Where the link is the limit, it has its bytes too late in either case; and what is learned of
     * it counts from the end of an update. */
    update->for_parts = room->bytes == G_MAXSIZE && vnc_update_has(update, VNC_ENCODING_LAST_RECT);
    update->in_parts = FALSE;
    update->n_sent = 0;
    update->bytes = update->lossy_bytes = 0;
    update->stale = FALSE;
    update->unseen = FALSE;
    return TRUE;
}

static void
note_sent(VncUpdate *update, const Packet *packet)
{
    const pixman_box32_t box = {packet->x, packet->y, packet->x + packet->width,
                                packet->y + packet->height};

    lossy_sent(update->lossy, &box, packet->lossy);
    vnc_slice_sent(update->slice, &box, packet->size);
    update->bytes += packet->size;
    update->lossy_bytes += packet->lossy ? packet->size : 0;
}

static void
give_back(VncUpdate *update, Packet *const *packets, guint n_packets)
{
    for (guint i = 0; i < n_packets; i++)
        if (packets[i])
            region_add(&update->dirty, packets[i]->x, packets[i]->y, packets[i]->width,
                       packets[i]->height);
}

/* How many of the packets fit the output; the others' areas are dirty again, as are those of
 * packets made for a format or an encoding that the client has left. */
static guint
fit(VncUpdate *update, const VncOutput *output, Packet *const *packets, guint n_packets)
{
    gsize room = VNC_OUTPUT_MAX - MIN(VNC_OUTPUT_MAX, vnc_output_queued(output));
    guint n = 0;

    while (n < n_packets && !update->stale && update->n_sent < MAX_RECTANGLES && packets[n] &&
           packets[n]->size <= room) {
        room -= packets[n]->size;
        note_sent(update, packets[n++]);
        update->n_sent++;
    }
    update->held_back |= n < n_packets;
    give_back(update, packets + n, n_packets - n);
    return n;
}

/* Nothing went out: the pixels are dirty still, the requests open. */
static void
not_sent(VncUpdate *update)
{
    pixman_region32_union(&update->dirty, &update->dirty, &update->taken);
    vnc_copy_give_back(update->copy, &update->dirty);
    pixman_region32_union(&update->requested, &update->requested, &update->answered);
    update->asked = TRUE;
    update->wants_frame(update->user);
}

void
vnc_update_take_box(VncUpdate *update, const pixman_box32_t *box)
{
    pixman_region32_t region;

    pixman_region32_init_with_extents(&region, box);
    pixman_region32_subtract(&update->dirty, &update->dirty, &region);
    pixman_region32_union(&update->taken, &update->taken, &region);
    pixman_region32_fini(&region);
}

/* What an update begins with, into update->head: all but the pixels. Returns how many rectangles
 * that is. */
static guint
make_head(VncUpdate *update)
{
    guint n;

    g_byte_array_set_size(update->head, 0);
    vnc_put32(encode_reserve(update->head, 4), 0); /* FramebufferUpdate */
    n = vnc_extras_append(update->extras, &update->settings.format, update->width, update->height,
                          update->head);
    return n + vnc_copy_append(update->copy, update->head);
}

static void
queue_head(VncUpdate *update, VncOutput *output, guint n_rectangles)
{
    vnc_put16(update->head->data + 2, n_rectangles);
    vnc_output_append(output, update->head->data, update->head->len);
}

static guint
queue_packets(VncUpdate *update, VncOutput *output, Packet *const *packets, guint n_packets)
{
    guint n = fit(update, output, packets, n_packets);

    for (guint i = 0; i < n; i++)
        vnc_output_append_update(output, packets[i]);
    return n;
}

gboolean
vnc_update_in_parts(const VncUpdate *update)
{
    return update->in_parts;
}

gboolean
vnc_update_send_part(VncUpdate *update, VncOutput *output, Packet *const *packets, guint n_packets)
{
    if (!update->in_flight || !update->for_parts || (update->stale && !update->in_parts))
        return FALSE;
    if (!update->in_parts) {
        update->in_parts = TRUE;
        vnc_output_begin(output);
        make_head(update);
        queue_head(update, output, UNCOUNTED);
    }
    queue_packets(update, output, packets, n_packets);
    return TRUE;
}

static guint
send_rest(VncUpdate *update, VncOutput *output, Packet *const *packets, guint n_packets)
{
    guint8 last[PACKET_HEADER];

    n_packets = queue_packets(update, output, packets, n_packets);
    packet_put_header(last, 0, 0, 0, 0, VNC_ENCODING_LAST_RECT);
    vnc_output_append(output, last, sizeof last);
    vnc_output_end(output);
    update->in_parts = FALSE;
    update->sent++;
    return n_packets;
}

guint
vnc_update_send(VncUpdate *update, VncOutput *output, Packet *const *packets, guint n_packets)
{
    guint n_extra;

    update->in_flight = FALSE;
    if (update->in_parts)
        return send_rest(update, output, packets, n_packets);
    if (update->stale) { /* encoded for a format or an encoding the client has left */
        not_sent(update);
        return 0;
    }
    n_extra = make_head(update);
    n_packets = fit(update, output, packets, n_packets);
    if (n_packets + n_extra == 0) {
        not_sent(update);
        return 0;
    }
    queue_head(update, output, n_packets + n_extra);
    for (guint i = 0; i < n_packets; i++)
        vnc_output_append_update(output, packets[i]);
    update->sent++;
    return n_packets;
}

void
vnc_update_facts(const VncUpdate *update, VncUpdateFacts *facts)
{
    *facts = (VncUpdateFacts){.encoder = update->settings.encoder,
                              .wish = update->settings.quality,
                              .quality = update->quality,
                              .updates = update->sent,
                              .merged = update->merged,
                              .bytes = update->bytes,
                              .lossy = update->lossy_bytes,
                              .held_back = update->held_back};
}
