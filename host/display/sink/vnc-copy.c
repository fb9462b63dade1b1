/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vnc-copy.h"
#include "encode/encoder.h"
#include "region.h"
#include "vnc-framing.h"
#include "vnc-update.h"

/* Waiting, at most: a copy is some work for the client, and more than a second of scrolling has
 * little left to copy. */
#define MAX_OPS 64

struct VncCopy {
    GArray *ops; /* PlanOp, in order; kept for its memory */
};

VncCopy *
vnc_copy_new(void)
{
    VncCopy *copy = g_new0(VncCopy, 1);

    copy->ops = g_array_new(FALSE, FALSE, sizeof(PlanOp));
    return copy;
}

void
vnc_copy_free(VncCopy *copy)
{
    if (!copy)
        return;
    g_array_unref(copy->ops);
    g_free(copy);
}

static pixman_box32_t
destination(const PlanOp *op)
{
    return (pixman_box32_t){op->x, op->y, op->x + op->width, op->y + op->height};
}

static pixman_box32_t
source(const PlanOp *op)
{
    return (pixman_box32_t){op->copy.src_x, op->copy.src_y, op->copy.src_x + op->width,
                            op->copy.src_y + op->height};
}

static gboolean
holds(const pixman_region32_t *region, pixman_box32_t box)
{
    return pixman_region32_contains_rectangle((pixman_region32_t *)region, &box) ==
           PIXMAN_REGION_IN;
}

/* What the client lacks of a copy's source, and will therefore lack of where it leads. */
static void
missing(const PlanOp *op, const pixman_region32_t *dirty, pixman_region32_t *region)
{
    pixman_region32_intersect_rect(region, (pixman_region32_t *)dirty, op->copy.src_x,
                                   op->copy.src_y, (unsigned)op->width, (unsigned)op->height);
    pixman_region32_translate(region, op->x - op->copy.src_x, op->y - op->copy.src_y);
}

void
vnc_copy_add(VncCopy *copy, const PlanOp *ops, guint n_ops, Lossy *lossy, pixman_region32_t *dirty)
{
    pixman_region32_t lacks, lost, leads;

    if (copy->ops->len + n_ops > MAX_OPS)
        vnc_copy_give_back(copy, dirty);
    /* No copy reads what one before it wrote, so each finds its source as dirty as it was. */
    pixman_region32_init(&lacks);
    pixman_region32_init(&lost);
    pixman_region32_init(&leads);
    for (guint i = 0; i < n_ops; i++) {
        const PlanOp *op = &ops[i];
        pixman_box32_t to = destination(op);

        missing(op, dirty, &lacks);
        region_add(&leads, op->x, op->y, op->width, op->height);
        if (region_area(&lacks) * 2 <= (gint64)op->width * op->height) {
            pixman_region32_union(&lost, &lost, &lacks);
            lossy_displace(lossy, &to, op->x - op->copy.src_x, op->y - op->copy.src_y);
            g_array_append_vals(copy->ops, op, 1);
        } else {
            region_add(&lost, op->x, op->y, op->width, op->height);
        }
    }
    pixman_region32_subtract(dirty, dirty, &leads);
    pixman_region32_union(dirty, dirty, &lost);
    pixman_region32_fini(&lacks);
    pixman_region32_fini(&lost);
    pixman_region32_fini(&leads);
}

gboolean
vnc_copy_is_within(const VncCopy *copy, const pixman_region32_t *region)
{
    for (guint i = 0; i < copy->ops->len; i++) {
        const PlanOp *op = &g_array_index(copy->ops, PlanOp, i);

        if (!holds(region, destination(op)) || !holds(region, source(op)))
            return FALSE;
    }
    return TRUE;
}

gboolean
vnc_copy_is_empty(const VncCopy *copy)
{
    return copy->ops->len == 0;
}

guint
vnc_copy_append(VncCopy *copy, GByteArray *bytes)
{
    guint n = copy->ops->len;

    for (guint i = 0; i < n; i++) {
        const PlanOp *op = &g_array_index(copy->ops, PlanOp, i);
        guint8 *to = encode_reserve(bytes, PACKET_HEADER + 4);

        packet_put_header(to, op->x, op->y, op->width, op->height, VNC_ENCODING_COPY_RECT);
        vnc_put16(vnc_put16(to + PACKET_HEADER, (guint)op->copy.src_x), (guint)op->copy.src_y);
    }
    g_array_set_size(copy->ops, 0);
    return n;
}

void
vnc_copy_give_back(VncCopy *copy, pixman_region32_t *dirty)
{
    for (guint i = 0; i < copy->ops->len; i++) {
        const PlanOp *op = &g_array_index(copy->ops, PlanOp, i);

        region_add(dirty, op->x, op->y, op->width, op->height);
    }
    g_array_set_size(copy->ops, 0);
}
