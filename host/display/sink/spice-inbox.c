/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sink/spice-inbox.h"

#include <pthread.h> /* rather than GLib's locks: ThreadSanitizer follows these */

#define MIN_RETRY_MS 20
#define MAX_RETRY_MS 640
#define MAX_ALIVE                                                                                  \
    512 /* commands that are not released: some frames' plans; the pool keeps as many */

struct QxlInbox {
    void (*noticed)(guint notices, gpointer user);
    gpointer user;
    GSource *wake;
    guint retry, retry_ms; /* a timer; the main thread's */
    pthread_mutex_t lock;  /* a leaf lock; guards the rest */
    QxlQueue queues[QXL_INBOX_QUEUES];
    gsize bytes, limit; /* of all commands that are not released */
    guint alive;        /* those commands */
    gboolean starved;   /* the main thread wants to know when there is room */
    guint notices;      /* for the main thread */
};

static gboolean
woken(gpointer user)
{
    QxlInbox *inbox = user;
    g_source_set_ready_time(inbox->wake, -1);
    pthread_mutex_lock(&inbox->lock);
    guint notices = inbox->notices;
    inbox->notices = 0;
    pthread_mutex_unlock(&inbox->lock);
    if (notices)
        inbox->noticed(notices, inbox->user);
    return G_SOURCE_CONTINUE;
}

static gboolean
dispatch(GSource *source, GSourceFunc callback, gpointer user)
{
    return callback(user);
}

static GSourceFuncs wake_funcs = {.dispatch = dispatch};

QxlInbox *
qxl_inbox_new(void (*noticed)(guint notices, gpointer user), gpointer user)
{
    QxlInbox *inbox = g_new0(QxlInbox, 1);
    inbox->noticed = noticed;
    inbox->user = user;
    inbox->limit = G_MAXSIZE;
    inbox->retry_ms = MIN_RETRY_MS;
    pthread_mutex_init(&inbox->lock, NULL);
    inbox->wake = g_source_new(&wake_funcs, sizeof(GSource));
    g_source_set_static_name(inbox->wake, "spice worker");
    g_source_set_callback(inbox->wake, woken, inbox, NULL);
    g_source_attach(inbox->wake, g_main_context_get_thread_default());
    return inbox;
}

static void
free_all(QxlQueue *queue)
{
    for (QxlCommand *command; (command = qxl_queue_pop(queue));)
        qxl_command_free(command);
}

void
qxl_inbox_free(QxlInbox *inbox)
{
    if (!inbox)
        return;
    g_clear_handle_id(&inbox->retry, g_source_remove);
    g_source_destroy(inbox->wake);
    g_source_unref(inbox->wake);
    for (guint i = 0; i < QXL_INBOX_QUEUES; i++)
        free_all(&inbox->queues[i]);
    pthread_mutex_destroy(&inbox->lock);
    g_free(inbox);
}

void
qxl_inbox_set_limit(QxlInbox *inbox, gsize bytes)
{
    pthread_mutex_lock(&inbox->lock);
    inbox->limit = bytes;
    pthread_mutex_unlock(&inbox->lock);
}

void
qxl_inbox_send(QxlInbox *inbox, QxlInboxQueue queue, QxlCommand *command)
{
    pthread_mutex_lock(&inbox->lock);
    inbox->bytes += qxl_command_size(command);
    inbox->alive++;
    qxl_queue_push(&inbox->queues[queue], command);
    pthread_mutex_unlock(&inbox->lock);
}

static void
forget_locked(QxlInbox *inbox, const QxlCommand *command)
{
    inbox->bytes -= MIN(inbox->bytes, qxl_command_size(command));
    inbox->alive -= MIN(inbox->alive, 1);
}

void
qxl_inbox_drop(QxlInbox *inbox, QxlInboxQueue queue)
{
    pthread_mutex_lock(&inbox->lock);
    QxlQueue dropped = inbox->queues[queue];
    inbox->queues[queue] = (QxlQueue){0};
    for (const QxlCommand *each = dropped.head; each; each = qxl_command_next(each))
        forget_locked(inbox, each);
    pthread_mutex_unlock(&inbox->lock);
    free_all(&dropped);
}

static gboolean
has_room_locked(const QxlInbox *inbox)
{
    return inbox->bytes < inbox->limit && inbox->alive < MAX_ALIVE &&
           inbox->queues[QXL_INBOX_DRAWINGS].length == 0;
}

static gboolean
retry(gpointer user)
{
    QxlInbox *inbox = user;
    inbox->retry = 0;
    inbox->retry_ms = MIN(inbox->retry_ms * 2, MAX_RETRY_MS);
    inbox->noticed(QXL_INBOX_ROOM, inbox->user); /* perhaps */
    return G_SOURCE_REMOVE;
}

/* The worker lets go of what it has sent only when it is told to, or when something newer hides it;
 * of what it has still to send it cannot, and that it has sent all it does not say. So who is told
 * that it holds too much is told again, ever more seldom. */
static void
retry_later(QxlInbox *inbox, gboolean room, gboolean much)
{
    if (room) {
        g_clear_handle_id(&inbox->retry, g_source_remove);
        inbox->retry_ms = MIN_RETRY_MS;
    } else if (much && !inbox->retry) {
        inbox->retry = g_timeout_add(inbox->retry_ms, retry, inbox);
    }
}

gboolean
qxl_inbox_has_room(QxlInbox *inbox, gboolean *much)
{
    pthread_mutex_lock(&inbox->lock);
    gboolean room = has_room_locked(inbox);
    inbox->starved = !room;
    *much = inbox->bytes > inbox->limit / 4 * 3 || inbox->alive > MAX_ALIVE / 4 * 3;
    pthread_mutex_unlock(&inbox->lock);
    retry_later(inbox, room, *much);
    return room;
}

static void
notify_locked(QxlInbox *inbox, guint notices)
{
    inbox->notices |= notices;
    g_source_set_ready_time(inbox->wake, 0);
}

/* After something went: who waits for room is told once. */
static void
notify_room_locked(QxlInbox *inbox)
{
    if (!inbox->starved || !has_room_locked(inbox))
        return;
    inbox->starved = FALSE;
    notify_locked(inbox, QXL_INBOX_ROOM);
}

QxlCommand *
qxl_inbox_fetch(QxlInbox *inbox, QxlInboxQueue queue)
{
    pthread_mutex_lock(&inbox->lock);
    QxlCommand *command = qxl_queue_pop(&inbox->queues[queue]);
    if (command)
        notify_room_locked(inbox);
    pthread_mutex_unlock(&inbox->lock);
    return command;
}

gboolean
qxl_inbox_is_empty(QxlInbox *inbox, QxlInboxQueue queue)
{
    pthread_mutex_lock(&inbox->lock);
    gboolean empty = inbox->queues[queue].length == 0;
    pthread_mutex_unlock(&inbox->lock);
    return empty;
}

void
qxl_inbox_release(QxlInbox *inbox, QxlCommand *command)
{
    pthread_mutex_lock(&inbox->lock);
    forget_locked(inbox, command);
    notify_room_locked(inbox);
    pthread_mutex_unlock(&inbox->lock);
    qxl_command_free(command);
}

void
qxl_inbox_notify(QxlInbox *inbox, guint notices)
{
    pthread_mutex_lock(&inbox->lock);
    notify_locked(inbox, notices);
    pthread_mutex_unlock(&inbox->lock);
}
