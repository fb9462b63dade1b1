/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "spice-commands.h"

/*
 * Commands on their way to a viewer's worker thread, and what the worker says in return. Bounded:
 * the main thread asks for room before it sends, and is woken when there is some again.
 */

typedef struct QxlInbox QxlInbox;
typedef enum { QXL_INBOX_DRAWINGS, QXL_INBOX_CURSORS, QXL_INBOX_QUEUES } QxlInboxQueue;

#define QXL_INBOX_ROOM 1u /* a notice: there is room, after there was none; the others are free */

/* noticed: on this thread's main context, with all notices since it was called last. */
QxlInbox *qxl_inbox_new(void (*noticed)(guint notices, gpointer user), gpointer user);
void qxl_inbox_free(QxlInbox *inbox); /* when the worker has ended */

/* Main thread. */
void qxl_inbox_set_limit(QxlInbox *inbox, gsize bytes); /* that commands may keep alive */
void qxl_inbox_send(QxlInbox *inbox, QxlInboxQueue queue, QxlCommand *command); /* takes it */
void qxl_inbox_drop(QxlInbox *inbox, QxlInboxQueue queue); /* what nobody has fetched */
/* Has the worker taken up everything, and does not hold too much? If not, the notice follows.
 * *much: it holds so much that it should let go of some. */
gboolean qxl_inbox_has_room(QxlInbox *inbox, gboolean *much);

/* The worker. */
QxlCommand *qxl_inbox_fetch(QxlInbox *inbox, QxlInboxQueue queue); /* NULL: empty */
gboolean qxl_inbox_is_empty(QxlInbox *inbox, QxlInboxQueue queue);
void qxl_inbox_release(QxlInbox *inbox, QxlCommand *command);
void qxl_inbox_notify(QxlInbox *inbox, guint notices); /* any thread */
