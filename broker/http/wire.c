/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/http/wire.h"

#include "common/error.h"

#include <errno.h>
#include <glib-unix.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_CHUNK    (16 * 1024)
#define READS_AT_ONCE 4 /* then others have their turn */

struct TlsIdentity {
    guint refs;
    SSL_CTX *context;
};

struct Wire {
    int fd;
    SSL *ssl;             /* NULL: plain */
    TlsIdentity *pending; /* TLS begins when the queue is empty */
    const WireEvents *events;
    gpointer user;
    GByteArray *queue;
    gsize sent; /* bytes at the head of queue that are gone already */
    gsize queue_max;
    GArray *cuts;     /* of guint64: positions in all that is ever sent, rising */
    guint64 position; /* of the next byte to be sent */
    GSource *source;  /* on fd */
    GIOCondition watched;
    GSource *again; /* there is something to read that the descriptor does not show */
    gboolean handshaking;
    gboolean ssl_wants_write;
    gboolean short_write;
    gboolean paused;
    gboolean finishing; /* the end is to be sent after the queue */
    gboolean end_sent;
    gboolean end_seen;
    gboolean dead;  /* broken was called */
    gboolean freed; /* inside its own events */
    guint busy;
};

typedef enum { IO_DONE, IO_AGAIN, IO_END, IO_BROKEN } IoResult;

TlsIdentity *
tls_identity_new(const char *certificate_file, const char *key_file, GError **error)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());

    /* OpenSSL writes with write(): a peer that left must not end the process */
    signal(SIGPIPE, SIG_IGN);
    if (!context || !SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) ||
        SSL_CTX_use_certificate_chain_file(context, certificate_file) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, key_file, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context) != 1) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED,
                    "The certificate %s cannot be used with its key: %s.", certificate_file,
                    ERR_reason_error_string(ERR_peek_last_error()));
        ERR_clear_error();
        SSL_CTX_free(context);
        return NULL;
    }
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    TlsIdentity *identity = g_new0(TlsIdentity, 1);
    identity->refs = 1;
    identity->context = context;
    return identity;
}

static TlsIdentity *
tls_identity_ref(TlsIdentity *identity)
{
    identity->refs++;
    return identity;
}

void
tls_identity_unref(TlsIdentity *identity)
{
    if (!identity || --identity->refs > 0)
        return;
    SSL_CTX_free(identity->context);
    g_free(identity);
}

static void wire_update(Wire *wire);

Wire *
wire_new(int fd, gsize queue_max, const WireEvents *events, gpointer user)
{
    Wire *wire = g_new0(Wire, 1);

    g_unix_set_fd_nonblocking(fd, TRUE, NULL);
    wire->fd = fd;
    wire->queue = g_byte_array_new();
    wire->cuts = g_array_new(FALSE, FALSE, sizeof(guint64));
    wire->queue_max = queue_max;
    wire->events = events;
    wire->user = user;
    wire_update(wire);
    return wire;
}

static void
clear_source(GSource **source)
{
    if (!*source)
        return;
    g_source_destroy(*source);
    g_clear_pointer(source, g_source_unref);
}

static void
wire_close(Wire *wire)
{
    clear_source(&wire->source);
    clear_source(&wire->again);
    if (wire->ssl) {
        if (!wire->handshaking && !wire->dead && !wire->end_sent)
            SSL_shutdown(wire->ssl);
        ERR_clear_error();
        SSL_free(wire->ssl);
        wire->ssl = NULL;
    }
    g_clear_pointer(&wire->pending, tls_identity_unref);
    if (wire->fd >= 0)
        close(wire->fd);
    wire->fd = -1;
}

void
wire_free(Wire *wire)
{
    if (!wire)
        return;
    wire_close(wire);
    wire->freed = TRUE;
    if (wire->busy)
        return; /* wire_leave() does the rest */
    g_byte_array_unref(wire->queue);
    g_array_unref(wire->cuts);
    g_free(wire);
}

/* Around anything that calls events; wire_leave() says whether the wire is still there. */
static void
wire_enter(Wire *wire)
{
    wire->busy++;
}

static gboolean
wire_leave(Wire *wire)
{
    if (--wire->busy > 0 || !wire->freed)
        return !wire->freed;
    wire_free(wire);
    return FALSE;
}

static void
wire_broken(Wire *wire, const char *what)
{
    g_autoptr(GError) error = NULL;

    if (wire->dead || wire->freed)
        return;
    error = g_error_new(ORIEL_ERROR, ORIEL_ERROR_PROTOCOL, "The connection broke: %s.", what);
    wire->dead = TRUE;
    clear_source(&wire->source);
    clear_source(&wire->again);
    wire->events->broken(wire, error, wire->user);
}

static const char *
wire_ssl_reason(int failure)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());

    return failure == SSL_ERROR_SYSCALL ? g_strerror(errno) : reason ? reason : "TLS failed";
}

/* Sorts out what OpenSSL said. */
static IoResult
wire_ssl_result(Wire *wire, int result, const char **what)
{
    int failure = SSL_get_error(wire->ssl, result);

    wire->ssl_wants_write = failure == SSL_ERROR_WANT_WRITE;
    switch (failure) {
    case SSL_ERROR_NONE:
        return IO_DONE;
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return IO_AGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return IO_END;
    default:
        *what = wire_ssl_reason(failure);
        return IO_BROKEN;
    }
}

static IoResult
wire_io(Wire *wire, gboolean reading, void *data, gsize size, gsize *done, const char **what)
{
    if (wire->ssl) {
        ERR_clear_error();
        int result = reading ? SSL_read_ex(wire->ssl, data, size, done)
                             : SSL_write_ex(wire->ssl, data, size, done);
        return wire_ssl_result(wire, result, what);
    }
    gssize result = reading ? recv(wire->fd, data, size, MSG_DONTWAIT)
                            : send(wire->fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (result > 0) {
        *done = result;
        return IO_DONE;
    }
    if (result == 0)
        return IO_END;
    if (errno == EAGAIN || errno == EINTR)
        return IO_AGAIN;
    *what = g_strerror(errno);
    return IO_BROKEN;
}

static void
wire_handshake(Wire *wire)
{
    const char *what = NULL;

    ERR_clear_error();
    int result = SSL_accept(wire->ssl);
    if (result == 1) {
        wire->handshaking = FALSE;
        return;
    }
    if (wire_ssl_result(wire, result, &what) != IO_AGAIN)
        wire_broken(wire, what ? what : "the peer left during the TLS handshake");
}

static void
wire_send_end(Wire *wire)
{
    wire->end_sent = TRUE;
    if (wire->ssl) {
        ERR_clear_error();
        SSL_shutdown(wire->ssl);
        ERR_clear_error();
    }
    shutdown(wire->fd, SHUT_WR);
}

static void
wire_begin_tls(Wire *wire)
{
    wire->ssl = SSL_new(wire->pending->context);
    SSL_set_fd(wire->ssl, wire->fd);
    wire->handshaking = TRUE;
    g_clear_pointer(&wire->pending, tls_identity_unref);
}

/* How many bytes may go into one write. */
static gsize
wire_next_size(Wire *wire, guint *cut)
{
    gsize size = wire->queue->len - wire->sent;

    while (*cut < wire->cuts->len && g_array_index(wire->cuts, guint64, *cut) <= wire->position)
        ++*cut;
    if (*cut < wire->cuts->len)
        size = MIN(size, g_array_index(wire->cuts, guint64, *cut) - wire->position);
    return size;
}

static void
wire_write(Wire *wire)
{
    guint cut = 0;
    const char *what = NULL;

    while (wire->sent < wire->queue->len) {
        gsize done = 0;
        IoResult result = wire_io(wire, FALSE, wire->queue->data + wire->sent,
                                  wire_next_size(wire, &cut), &done, &what);
        if (result == IO_AGAIN)
            break;
        if (result != IO_DONE) {
            wire_broken(wire, what ? what : "the peer takes no more");
            return;
        }
        wire->sent += done;
        wire->position += done;
    }
    if (cut > 0)
        g_array_remove_range(wire->cuts, 0, cut);
    /* moved only now and then: each byte is moved once on average */
    if (wire->sent == wire->queue->len) {
        g_byte_array_set_size(wire->queue, 0);
        wire->sent = 0;
        if (wire->pending)
            wire_begin_tls(wire);
        if (wire->finishing && !wire->end_sent)
            wire_send_end(wire);
    } else if (wire->sent > wire->queue->len / 2) {
        g_byte_array_remove_range(wire->queue, 0, wire->sent);
        wire->sent = 0;
    }
    if (wire->short_write && wire_queued(wire) <= wire->queue_max / 2) {
        wire->short_write = FALSE;
        if (wire->events->writable)
            wire->events->writable(wire, wire->user);
    }
}

/* The callee of received may have changed any of it. */
static gboolean
wire_may_read(Wire *wire)
{
    return !wire->paused && !wire->freed && !wire->dead && !wire->handshaking && !wire->pending;
}

static void
wire_read(Wire *wire)
{
    guint8 data[READ_CHUNK];
    const char *what = NULL;

    for (int i = 0; i < READS_AT_ONCE && wire_may_read(wire); i++) {
        gsize done = 0;
        switch (wire_io(wire, TRUE, data, sizeof data, &done, &what)) {
        case IO_DONE:
            wire->events->received(wire, data, done, wire->user);
            break;
        case IO_AGAIN:
            return;
        case IO_END:
            wire->end_seen = TRUE;
            wire->events->finished(wire, wire->user);
            return;
        case IO_BROKEN:
            wire_broken(wire, what);
            return;
        }
    }
}

static void
wire_work(Wire *wire, gboolean can_read, gboolean can_write)
{
    wire_enter(wire);
    if (wire->handshaking)
        wire_handshake(wire);
    if (!wire->handshaking && !wire->dead) {
        if (can_write)
            wire_write(wire);
        if (can_read && !wire->end_seen && wire_may_read(wire))
            wire_read(wire);
    }
    if (wire_leave(wire))
        wire_update(wire);
}

static gboolean
wire_ready(gint fd, GIOCondition condition, gpointer data)
{
    GIOCondition trouble = condition & (G_IO_HUP | G_IO_ERR);

    wire_work(data, condition & (G_IO_IN | trouble), condition & (G_IO_OUT | trouble));
    return G_SOURCE_CONTINUE;
}

static gboolean
wire_read_again(gpointer data)
{
    Wire *wire = data;

    clear_source(&wire->again);
    wire_work(wire, TRUE, FALSE);
    return G_SOURCE_REMOVE;
}

static GIOCondition
wire_wanted(Wire *wire)
{
    GIOCondition wanted = 0;

    if (wire->dead || wire->freed)
        return 0;
    if (wire->handshaking)
        return wire->ssl_wants_write ? G_IO_OUT : G_IO_IN;
    if (!wire->paused && !wire->end_seen && !wire->pending)
        wanted |= G_IO_IN;
    if (wire_queued(wire) > 0 || (wire->finishing && !wire->end_sent))
        wanted |= G_IO_OUT;
    return wanted;
}

static void
wire_update(Wire *wire)
{
    GIOCondition wanted = wire_wanted(wire);

    if (wanted != wire->watched || (wanted && !wire->source)) {
        clear_source(&wire->source);
        wire->watched = wanted;
        if (wanted) {
            wire->source = g_unix_fd_source_new(wire->fd, wanted);
            g_source_set_callback(wire->source, G_SOURCE_FUNC(wire_ready), wire, NULL);
            g_source_attach(wire->source, NULL);
        }
    }
    if ((wanted & G_IO_IN) && wire->ssl && SSL_has_pending(wire->ssl) && !wire->handshaking &&
        !wire->again) {
        wire->again = g_idle_source_new();
        g_source_set_priority(wire->again, G_PRIORITY_DEFAULT);
        g_source_set_callback(wire->again, wire_read_again, wire, NULL);
        g_source_attach(wire->again, NULL);
    }
}

void
wire_start_tls(Wire *wire, TlsIdentity *identity)
{
    wire->pending = tls_identity_ref(identity);
    if (wire_queued(wire) == 0)
        wire_begin_tls(wire);
    if (!wire->busy)
        wire_update(wire);
}

gsize
wire_queued(Wire *wire)
{
    return wire->queue->len - wire->sent;
}

gsize
wire_room(Wire *wire)
{
    gsize queued = wire_queued(wire);

    return queued < wire->queue_max ? wire->queue_max - queued : 0;
}

gsize
wire_send(Wire *wire, const void *data, gsize size)
{
    gsize taken = MIN(size, wire_room(wire));

    if (wire->dead || wire->finishing)
        return size; /* dropped: nobody reads it */
    if (taken < size)
        wire->short_write = TRUE;
    if (taken > 0)
        g_byte_array_append(wire->queue, data, taken);
    if (!wire->busy)
        wire_update(wire);
    return taken;
}

void
wire_cut(Wire *wire)
{
    guint64 at = wire->position + wire_queued(wire);

    if (at > wire->position)
        g_array_append_val(wire->cuts, at);
}

void
wire_pause(Wire *wire, gboolean pause)
{
    wire->paused = pause;
    if (!wire->busy)
        wire_update(wire);
}

void
wire_finish(Wire *wire)
{
    wire->finishing = TRUE;
    if (!wire->busy)
        wire_update(wire);
}
