/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vnc-output.h"
#include "encode/deflate.h"
#include "vnc-framing.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define MAX_PIECES 64 /* one system call's worth */

typedef struct {
    Packet *packet;
    gsize offset, size;
} Piece;

struct VncOutput {
    int fd;
    PacketPool *heads; /* what is appended as bytes */
    GArray *pieces;
    guint first; /* piece that is not yet written */
    gsize queued;
    GArray *held;    /* Piece: messages that wait for the update's end */
    gsize held_size; /* bytes */
    gboolean in_update;
    guint64 written;
    guint streams; /* one bit for each deflate stream that has its header */
};

VncOutput *
vnc_output_new(int fd)
{
    VncOutput *output = g_new0(VncOutput, 1);

    output->fd = fd;
    output->heads = packet_pool_new();
    output->pieces = g_array_new(FALSE, FALSE, sizeof(Piece));
    output->held = g_array_new(FALSE, FALSE, sizeof(Piece));
    return output;
}

void
vnc_output_free(VncOutput *output)
{
    if (!output)
        return;
    for (guint i = output->first; i < output->pieces->len; i++)
        packet_unref(g_array_index(output->pieces, Piece, i).packet);
    for (guint i = 0; i < output->held->len; i++)
        packet_unref(g_array_index(output->held, Piece, i).packet);
    g_array_unref(output->pieces);
    g_array_unref(output->held);
    packet_pool_free(output->heads);
    g_free(output);
}

gsize
vnc_output_queued(const VncOutput *output)
{
    return output->queued + output->held_size;
}

gboolean
vnc_output_wants_write(const VncOutput *output)
{
    return output->queued > 0;
}

guint64
vnc_output_written(const VncOutput *output)
{
    return output->written;
}

/* Takes a reference. */
static void
append_packet(VncOutput *output, Packet *packet, gsize offset, gsize size)
{
    Piece piece = {packet_ref(packet), offset, size};

    g_array_append_val(output->pieces, piece);
    output->queued += size;
}

static Packet *
copy_bytes(VncOutput *output, const guint8 *data, gsize size)
{
    Packet *packet = packet_pool_take(output->heads, PACKET_WHOLE, size);

    memcpy(packet->data, data, size);
    return packet;
}

void
vnc_output_append(VncOutput *output, const guint8 *data, gsize size)
{
    Packet *packet = copy_bytes(output, data, size);

    append_packet(output, packet, 0, size);
    packet_unref(packet);
}

void
vnc_output_message(VncOutput *output, const guint8 *data, gsize size)
{
    Piece piece = {.size = size};

    if (!output->in_update) {
        vnc_output_append(output, data, size);
        return;
    }
    piece.packet = copy_bytes(output, data, size);
    g_array_append_val(output->held, piece);
    output->held_size += size;
}

void
vnc_output_begin(VncOutput *output)
{
    output->in_update = TRUE;
}

void
vnc_output_end(VncOutput *output)
{
    output->in_update = FALSE;
    g_array_append_vals(output->pieces, output->held->data, output->held->len);
    g_array_set_size(output->held, 0);
    output->queued += output->held_size;
    output->held_size = 0;
}

void
vnc_output_append_update(VncOutput *output, Packet *packet)
{
    guint8 head[PACKET_HEADER + 4 + 2];
    guint stream =
        packet->data[PACKET_HEADER - 1] == 6 ? 1 : 2; /* Zlib (6) and ZRLE (16) have one each */

    if (packet->kind == PACKET_WHOLE || output->streams & stream) {
        append_packet(output, packet, 0, packet->size);
        return;
    }
    output->streams |= stream;
    memcpy(head, packet->data, PACKET_HEADER);
    vnc_put32(head + PACKET_HEADER, vnc_get32(packet->data + PACKET_HEADER) + 2);
    memcpy(head + PACKET_HEADER + 4, DEFLATE_ZLIB_HEADER, 2);
    vnc_output_append(output, head, sizeof head);
    append_packet(output, packet, PACKET_HEADER + 4, packet->size - PACKET_HEADER - 4);
}

static void
drop_written(VncOutput *output, gsize n)
{
    output->queued -= n;
    output->written += n;
    while (output->first < output->pieces->len) {
        Piece *piece = &g_array_index(output->pieces, Piece, output->first);
        gsize taken = MIN(n, piece->size);

        piece->offset += taken;
        piece->size -= taken;
        n -= taken;
        if (piece->size)
            break;
        packet_unref(piece->packet);
        output->first++;
    }
    if (output->first == output->pieces->len) {
        g_array_set_size(output->pieces, 0);
        output->first = 0;
    } else if (output->first > 4096) { /* a queue that never quite empties must not grow */
        g_array_remove_range(output->pieces, 0, output->first);
        output->first = 0;
    }
}

gboolean
vnc_output_flush(VncOutput *output)
{
    while (output->queued) {
        struct iovec vectors[MAX_PIECES];
        struct msghdr message = {.msg_iov = vectors};
        gssize n;

        for (guint i = output->first; i < output->pieces->len && message.msg_iovlen < MAX_PIECES;
             i++) {
            const Piece *piece = &g_array_index(output->pieces, Piece, i);

            vectors[message.msg_iovlen++] =
                (struct iovec){piece->packet->data + piece->offset, piece->size};
        }
        n = sendmsg(output->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
        drop_written(output, (gsize)n);
    }
    return TRUE;
}
