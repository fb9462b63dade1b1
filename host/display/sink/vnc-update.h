/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "encode/encoder.h"
#include "sink.h"
#include "vnc-extras.h"
#include "vnc-output.h"

/*
 * What one client has still to be sent, and may be sent: its dirty pixels, its requests, what it
 * saw with loss and wants sharp once it is still, and the little things that travel as rectangles
 * (size, cursor, lights). Main thread only.
 */

typedef struct VncUpdate VncUpdate;

/* What one update has to show. */
typedef struct {
    EncodeSettings settings;
    pixman_region32_t changed; /* as the settings say */
    pixman_region32_t exact;   /* was sent with loss, and is to be exact now; apart from changed */
} VncWork;

void vnc_work_init(VncWork *work);
void vnc_work_clear(VncWork *work);
gboolean vnc_work_is_empty(const VncWork *work); /* no pixels */
gboolean vnc_work_equal(const VncWork *a, const VncWork *b);

/* What the link has room for. */
typedef struct {
    gsize bytes; /* that the update should have, about; G_MAXSIZE: any */
    guint steps; /* of quality, down from the client's wish (vnc-quality.h) */
    gint64 now;  /* µs, monotonic */
    /* The user has just typed or clicked: what happens outside of the frame's videos goes first,
     * and alone. NULL: no hurry. */
    const Frame *eager;
} VncRoom;

/* wants_frame: something could be sent now. */
VncUpdate *vnc_update_new(void (*wants_frame)(gpointer user), gpointer user);
void vnc_update_free(VncUpdate *update);

/* From the client. */
void vnc_update_set_format(VncUpdate *update, const PixelFormat *format);
void vnc_update_set_encodings(VncUpdate *update, const guint8 *list,
                              guint n_encodings); /* as on the wire */
void vnc_update_request(VncUpdate *update, gboolean incremental, int x, int y, int width,
                        int height);
void vnc_update_continuous(VncUpdate *update, gboolean on, int x, int y, int width, int height);
void vnc_update_pointer(VncUpdate *update, int x, int y); /* where its user looks */
void vnc_update_size_asked(VncUpdate *update);            /* answer with the size there is */

/* From the desktop. */
void vnc_update_damage(VncUpdate *update, const pixman_region32_t *damage);
/* A frame of the size that is known: what moved is copied by the client itself where it can. */
void vnc_update_frame(VncUpdate *update, const Frame *frame, const Plan *plan);
gboolean vnc_update_resized(VncUpdate *update, int width,
                            int height);                       /* FALSE: the client cannot follow */
void vnc_update_set_cursor(VncUpdate *update, Cursor *cursor); /* NULL: hidden */
void vnc_update_set_leds(VncUpdate *update, guint leds);

/* Is the next update the answer to a request, rather than part of a stream? */
gboolean vnc_update_on_request(const VncUpdate *update);
/* Would it take an update now (if there is something)? FALSE while one is between take and send. */
gboolean vnc_update_ready(const VncUpdate *update);
/* What to send now, written into work (it may be empty when only copies and the little things
 * wait). FALSE: nothing. After TRUE, send is due. */
gboolean vnc_update_take(VncUpdate *update, const VncRoom *room, VncWork *work);
/* The update that was taken will show all of this rectangle, more than was taken of it. */
void vnc_update_take_box(VncUpdate *update, const pixman_box32_t *box);
/* Queues some packets of the update while others are still being made, if its client and its link
 * are such that this saves time: FALSE: no. */
gboolean vnc_update_send_part(VncUpdate *update, VncOutput *output, Packet *const *packets,
                              guint n_packets);
/* Has the update that was taken begun in parts? */
gboolean vnc_update_in_parts(const VncUpdate *update);
/* Queues the update, or what of it no part had. What does not fit the output's bound, and all of it
 * when the client chose another format meanwhile, stays dirty. Returns how many of the packets, the
 * first ones, are on their way. */
guint vnc_update_send(VncUpdate *update, VncOutput *output, Packet *const *packets,
                      guint n_packets);

/* What it has still to be sent. */
SinkProgress vnc_update_progress(const VncUpdate *update);

/* Which extensions the client has. */
gboolean vnc_update_has(const VncUpdate *update, gint32 encoding);
guint64 vnc_update_sent(const VncUpdate *update); /* updates, ever */

/* What became of its wishes, for people and for the choice of quality. */
typedef struct {
    const Encoder *encoder;
    int wish, quality;       /* JPEG quality level asked for, and used now; -1: lossless */
    guint64 updates, merged; /* updates sent; changes that a newer one overtook */
    gsize bytes, lossy;      /* of the last update; with loss */
    gboolean held_back;      /* the last update left changes for the next one */
} VncUpdateFacts;

void vnc_update_facts(const VncUpdate *update, VncUpdateFacts *facts);
