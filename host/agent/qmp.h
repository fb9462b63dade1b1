/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <jansson.h>

/*
 * A client of QEMU's machine protocol. QEMU runs what a guest controls, so nothing it sends is
 * trusted: lines and their number under way are bounded, and what is malformed ends the connection.
 * Main-context object; commands go out in order and are answered in order.
 */
#define QMP_MAX_LINE    (1024 * 1024)
#define QMP_MAX_PENDING 32

typedef struct Qmp Qmp;

typedef struct {
    /* The greeting came and the capabilities are agreed upon: commands may be sent. */
    void (*ready)(Qmp *qmp, gpointer user);
    /* data is borrowed, an object or NULL. */
    void (*event)(Qmp *qmp, const char *name, json_t *data, gpointer user);
    /* The connection is over (error NULL: QEMU closed it). Called once; the client may be freed
     * here. */
    void (*closed)(Qmp *qmp, const GError *error, gpointer user);
} QmpEvents;

/* result is borrowed; NULL on error. Not called after qmp_free(). */
typedef void (*QmpDone)(json_t *result, const GError *error, gpointer user);

/* ORIEL_ERROR_UNAVAILABLE while nobody listens at path. */
Qmp *qmp_connect(const char *path, const QmpEvents *events, gpointer user, GError **error);
/* The same on a connected socket, which is taken over. */
Qmp *qmp_new(int fd, const QmpEvents *events, gpointer user);
void qmp_free(Qmp *qmp);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Qmp, qmp_free)

/* Takes over arguments (NULL for none). done may be NULL; it is always called later, never from
 * inside. */
void qmp_execute(Qmp *qmp, const char *command, json_t *arguments, QmpDone done, gpointer user);
/* The same with a descriptor (for "getfd"), which stays the caller's. */
void qmp_execute_with_fd(Qmp *qmp, const char *command, json_t *arguments, int fd, QmpDone done,
                         gpointer user);
/* Nobody waits any more for the answers to what was asked with this user. */
void qmp_forget(Qmp *qmp, gconstpointer user);
