/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/line-socket.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_QUEUED_FDS 16 /* received, and not yet claimed by a line */
#define READ_SIZE      16384

/* One line that waits to be sent, with the descriptor that goes along (or -1). */
typedef struct {
    GBytes *bytes;
    gsize sent;
    int fd;
} Outgoing;

struct LineSocket {
    int fd;
    GQueue outgoing; /* of Outgoing */
    gsize queued;
    GByteArray *input;
    gsize scanned; /* of input: no line end before it */
    int fds[MAX_QUEUED_FDS];
    guint n_fds;
};

static void
outgoing_free(gpointer data)
{
    Outgoing *out = data;

    if (out->fd >= 0)
        close(out->fd);
    g_bytes_unref(out->bytes);
    g_free(out);
}

static void
close_fds(const int *fds, guint n_fds)
{
    for (guint i = 0; i < n_fds; i++)
        close(fds[i]);
}

LineSocket *
line_socket_new(int fd)
{
    LineSocket *socket = g_new0(LineSocket, 1);

    g_unix_set_fd_nonblocking(fd, TRUE, NULL);
    socket->fd = fd;
    socket->input = g_byte_array_new();
    g_queue_init(&socket->outgoing);
    return socket;
}

void
line_socket_free(LineSocket *socket)
{
    if (!socket)
        return;
    close(socket->fd);
    close_fds(socket->fds, socket->n_fds);
    g_queue_clear_full(&socket->outgoing, outgoing_free);
    g_byte_array_unref(socket->input);
    g_free(socket);
}

int
line_socket_fd(const LineSocket *socket)
{
    return socket->fd;
}

/* --- sending --- */

void
line_socket_queue(LineSocket *socket, const char *line, int fd)
{
    gsize length = strlen(line) + 1;
    Outgoing *out = g_new0(Outgoing, 1);

    out->bytes = g_bytes_new_take(g_strconcat(line, "\n", NULL), length);
    out->fd = fd >= 0 ? dup(fd) : -1;
    socket->queued += length;
    g_queue_push_tail(&socket->outgoing, out);
}

gsize
line_socket_queued(const LineSocket *socket)
{
    return socket->queued;
}

static ssize_t
send_some(int fd, const Outgoing *out)
{
    gsize size;
    const guint8 *data = g_bytes_get_data(out->bytes, &size);
    struct iovec iov = {(void *)(data + out->sent), size - out->sent};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};

    /* The descriptor goes with the first byte of its line. */
    if (out->fd >= 0 && out->sent == 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &out->fd, sizeof(int));
    }
    return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

gboolean
line_socket_flush(LineSocket *socket)
{
    Outgoing *out;

    while ((out = g_queue_peek_head(&socket->outgoing))) {
        ssize_t n = send_some(socket->fd, out);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK;
        out->sent += (gsize)n;
        socket->queued -= (gsize)n;
        if (out->sent == g_bytes_get_size(out->bytes))
            outgoing_free(g_queue_pop_head(&socket->outgoing));
    }
    return TRUE;
}

/* --- receiving --- */

static gboolean
take_fds(LineSocket *socket, struct msghdr *message)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        guint n = (guint)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        const int *fds = (const int *)(void *)CMSG_DATA(c);
        if (n > MAX_QUEUED_FDS - socket->n_fds) {
            close_fds(fds, n);
            return FALSE;
        }
        memcpy(socket->fds + socket->n_fds, fds, n * sizeof(int));
        socket->n_fds += n;
    }
    return !(message->msg_flags & MSG_CTRUNC);
}

gssize
line_socket_receive(LineSocket *socket)
{
    guint8 buffer[READ_SIZE];
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(LINE_SOCKET_MAX_FDS * sizeof(int))];
    } control;
    struct iovec iov = {buffer, sizeof buffer};
    struct msghdr message = {.msg_iov = &iov,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    ssize_t n = recvmsg(socket->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

    if (n < 0)
        return n;
    if (!take_fds(socket, &message)) {
        errno = EPROTO;
        return -1;
    }
    g_byte_array_append(socket->input, buffer, (guint)n);
    return n;
}

char *
line_socket_next(LineSocket *socket, gsize *length)
{
    GByteArray *input = socket->input;
    const guint8 *end = input->len > socket->scanned ? memchr(input->data + socket->scanned, '\n',
                                                              input->len - socket->scanned)
                                                     : NULL;

    socket->scanned = end ? 0 : input->len;
    if (!end)
        return NULL;
    *length = (gsize)(end - input->data);
    char *line = g_memdup2(input->data, *length + 1);
    line[*length] = '\0';
    g_byte_array_remove_range(input, 0, (guint)*length + 1);
    return line;
}

gsize
line_socket_pending(const LineSocket *socket)
{
    return socket->input->len;
}

gboolean
line_socket_claim(LineSocket *socket, int *fds, guint n)
{
    if (n > LINE_SOCKET_MAX_FDS || n > socket->n_fds)
        return FALSE;
    memcpy(fds, socket->fds, n * sizeof(int));
    socket->n_fds -= n;
    memmove(socket->fds, socket->fds + n, socket->n_fds * sizeof(int));
    return TRUE;
}
