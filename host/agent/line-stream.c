/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "line-stream.h"

#include "common/error.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define READ_SIZE 16384

struct LineStream {
    int fd;
    gsize max_line;
    guint read_source, write_source;
    GByteArray *in, *out;
    const LineStreamEvents *events;
    gpointer user;
    gboolean dispatching, freed;
};

int
unix_socket_connect(const char *path, GError **error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (g_strlcpy(address.sun_path, path, sizeof address.sun_path) >= sizeof address.sun_path) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID, "The socket's path “%s” is too long.",
                    path);
        return -1;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_UNAVAILABLE, "Nobody answers at “%s”: %s.", path,
                g_strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static void
stream_release(LineStream *stream)
{
    g_byte_array_unref(stream->in);
    g_byte_array_unref(stream->out);
    g_free(stream);
}

static void
stream_shut(LineStream *stream)
{
    g_clear_handle_id(&stream->read_source, g_source_remove);
    g_clear_handle_id(&stream->write_source, g_source_remove);
    if (stream->fd >= 0)
        close(stream->fd);
    stream->fd = -1;
}

static void
stream_close(LineStream *stream, const GError *error)
{
    stream_shut(stream);
    if (!stream->freed)
        stream->events->closed(stream, error, stream->user);
}

/* Hands out the whole lines of the buffer. FALSE when what is left is already too long for a line.
 */
static gboolean
deliver_lines(LineStream *stream)
{
    gsize start = 0;
    while (!stream->freed && stream->fd >= 0 && start < stream->in->len) {
        guint8 *from = stream->in->data + start;
        guint8 *end = memchr(from, '\n', stream->in->len - start);
        if (end == NULL)
            break;
        *end = '\0';
        gsize length = (gsize)(end - from);
        start += length + 1;
        if (length > 0 && from[length - 1] == '\r')
            from[--length] = '\0';
        if (length > 0)
            stream->events->line(stream, (char *)from, length, stream->user);
    }
    if (start > 0)
        g_byte_array_remove_range(stream->in, 0, (guint)start);
    return stream->in->len <= stream->max_line;
}

static void
read_some(LineStream *stream)
{
    guint8 buffer[READ_SIZE];
    ssize_t length = read(stream->fd, buffer, sizeof buffer);
    if (length < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (length < 0 && errno != ECONNRESET) { /* reset: it ended with our words unread */
        g_autoptr(GError) error = g_error_new(ORIEL_ERROR, ORIEL_ERROR_UNAVAILABLE,
                                              "The connection broke: %s.", g_strerror(errno));
        stream_close(stream, error);
    } else if (length <= 0) {
        stream_close(stream, NULL);
    } else {
        g_byte_array_append(stream->in, buffer, (guint)length);
        if (!deliver_lines(stream) && !stream->freed) {
            g_autoptr(GError) error = g_error_new_literal(
                ORIEL_ERROR, ORIEL_ERROR_PROTOCOL, "The other side sent a line that is too long.");
            stream_close(stream, error);
        }
    }
}

static gboolean
on_readable(int fd, GIOCondition condition, gpointer user)
{
    LineStream *stream = user;
    stream->dispatching = TRUE;
    read_some(stream);
    stream->dispatching = FALSE;
    if (stream->freed)
        stream_release(stream);
    /* The source is removed by stream_shut() where it has to go. */
    return G_SOURCE_CONTINUE;
}

/* TRUE when something is left to write. A broken pipe is noticed by the reading side. */
static gboolean
flush_out(LineStream *stream)
{
    while (stream->out->len > 0) {
        ssize_t sent = send(stream->fd, stream->out->data, stream->out->len, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0) {
            if (errno == EAGAIN)
                return TRUE;
            g_byte_array_set_size(stream->out, 0);
            return FALSE;
        }
        g_byte_array_remove_range(stream->out, 0, (guint)sent);
    }
    return FALSE;
}

static gboolean
on_writable(int fd, GIOCondition condition, gpointer user)
{
    LineStream *stream = user;
    if (flush_out(stream))
        return G_SOURCE_CONTINUE;
    stream->write_source = 0;
    return G_SOURCE_REMOVE;
}

gboolean
line_stream_send(LineStream *stream, const char *text)
{
    gsize length = strlen(text);
    if (stream->fd < 0 || length + 1 + stream->out->len > LINE_STREAM_MAX_QUEUE)
        return FALSE;
    g_byte_array_append(stream->out, (const guint8 *)text, (guint)length);
    g_byte_array_append(stream->out, (const guint8 *)"\n", 1);
    if (stream->write_source == 0 && flush_out(stream))
        stream->write_source = g_unix_fd_add(stream->fd, G_IO_OUT, on_writable, stream);
    return TRUE;
}

gboolean
line_stream_send_fd(LineStream *stream, const char *text, int fd)
{
    char control[CMSG_SPACE(sizeof fd)] = {0};
    struct iovec part = {.iov_base = (char *)text, .iov_len = 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    /* The descriptor travels with the line's first byte, behind all that was said before. */
    if (stream->fd < 0 || text[0] == '\0' || flush_out(stream) ||
        sendmsg(stream->fd, &message, MSG_NOSIGNAL) != 1)
        return FALSE;
    return line_stream_send(stream, text + 1);
}

LineStream *
line_stream_new(int fd, gsize max_line, const LineStreamEvents *events, gpointer user)
{
    LineStream *stream = g_new0(LineStream, 1);
    stream->fd = fd;
    stream->max_line = max_line;
    stream->events = events;
    stream->user = user;
    stream->in = g_byte_array_new();
    stream->out = g_byte_array_new();
    g_unix_set_fd_nonblocking(fd, TRUE, NULL);
    stream->read_source = g_unix_fd_add(fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable, stream);
    return stream;
}

LineStream *
line_stream_connect(const char *path, gsize max_line, const LineStreamEvents *events, gpointer user,
                    GError **error)
{
    int fd = unix_socket_connect(path, error);
    return fd < 0 ? NULL : line_stream_new(fd, max_line, events, user);
}

void
line_stream_free(LineStream *stream)
{
    if (stream == NULL)
        return;
    stream_shut(stream);
    stream->freed = TRUE;
    if (!stream->dispatching)
        stream_release(stream);
}
