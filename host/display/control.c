/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "control.h"

#include "common/error.h"
#include "common/json-channel.h"
#include "screen-hash.h"
#include "screenshot.h"
#include "socket-listener.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define MAX_PEERS 16
#define MAX_SHOTS 2 /* being written, of all peers */

struct Control {
    gatomicrefcount refs; /* screenshots that are being written hold one */
    const ControlCalls *calls;
    gpointer user;
    char *folder;
    SocketListener *listener;
    GPtrArray *peers; /* JsonChannel; NULL once freed */
    guint shots;
};

typedef struct {
    Control *control;
    JsonChannel *channel;
    json_t *id;
} ShotCall;

static void
unref(Control *control)
{
    if (!g_atomic_ref_count_dec(&control->refs))
        return;
    g_free(control->folder);
    g_free(control);
}

static void
call_stats(Control *control, JsonChannel *channel, const json_t *id)
{
    json_channel_answer(channel, id, control->calls->stats(control->user), -1);
}

/* Only a name, or a path straight in the folder: nothing that is there is ever followed or written
 * over. */
static int
create_file(Control *control, const char *path, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    gboolean inside = !strchr(path, '/') || g_str_equal(folder, control->folder);
    if (!inside || !*path || g_str_equal(name, ".") || g_str_equal(name, "..") ||
        strchr(name, '/')) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_REFUSED,
                    "Pictures are written to the control socket's own folder only.");
        return -1;
    }
    g_autofree char *file = g_build_filename(control->folder, name, NULL);
    int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        g_set_error(error, ORIEL_ERROR, errno == EEXIST ? ORIEL_ERROR_EXISTS : ORIEL_ERROR_FAILED,
                    "“%s” cannot be made: %s.", name, g_strerror(errno));
    return fd;
}

static gboolean
is_connected(Control *control, JsonChannel *channel)
{
    return control->peers && g_ptr_array_find(control->peers, channel, NULL);
}

static void
shot_written(GObject *object, GAsyncResult *result, gpointer user)
{
    ShotCall *call = user;
    g_autoptr(GError) error = NULL;
    gboolean good = screenshot_write_finish(result, &error);
    call->control->shots--;
    if (is_connected(call->control, call->channel)) {
        if (good)
            json_channel_answer(call->channel, call->id, json_object(), -1);
        else
            json_channel_answer_error(call->channel, call->id, error);
    }
    json_decref(call->id);
    unref(call->control);
    g_free(call);
}

static gboolean
call_screenshot(Control *control, JsonChannel *channel, json_t *id, const json_t *args,
                GError **error)
{
    const char *path = json_string_value(json_object_get(args, "path"));
    const Frame *frame = control->calls->frame(control->user);
    if (!path) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID, "A picture needs a path.");
        return FALSE;
    }
    if (!frame) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_UNAVAILABLE, "The guest shows no screen yet.");
        return FALSE;
    }
    if (control->shots >= MAX_SHOTS) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_BUSY, "Other pictures are being written.");
        return FALSE;
    }
    int fd = create_file(control, path, error);
    if (fd < 0)
        return FALSE;
    control->shots++;
    g_atomic_ref_count_inc(&control->refs);
    ShotCall *call = g_new(ShotCall, 1);
    *call = (ShotCall){control, channel, json_incref(id)};
    screenshot_write_async(frame, fd, shot_written, call);
    return TRUE;
}

static void
call_screen_hash(Control *control, JsonChannel *channel, const json_t *id, GError **error)
{
    const Frame *frame = control->calls->frame(control->user);
    if (!frame) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_UNAVAILABLE, "The guest shows no screen yet.");
        return;
    }
    g_autofree char *hash = screen_hash(frame);
    json_t *result = json_pack("{s:s,s:i,s:i,s:b}", "sha256", hash, "width", frame->width, "height",
                               frame->height, "settled", control->calls->settled(control->user));
    json_channel_answer(channel, id, result, -1);
}

static void
on_message(JsonChannel *channel, json_t *message, const int *fds, guint n_fds, gpointer user)
{
    Control *control = user;
    for (guint i = 0; i < n_fds; i++)
        close(fds[i]);
    json_t *id = json_object_get(message, "id");
    const char *name = json_string_value(json_object_get(message, "call"));
    g_autoptr(GError) error = NULL;
    if (!name)
        return; /* an event: none are known */
    if (g_str_equal(name, "stats"))
        call_stats(control, channel, id);
    else if (g_str_equal(name, "screen-hash"))
        call_screen_hash(control, channel, id, &error);
    else if (g_str_equal(name, "screenshot"))
        call_screenshot(control, channel, id, json_object_get(message, "args"), &error);
    else
        g_set_error(&error, ORIEL_ERROR, ORIEL_ERROR_INVALID, "There is no such call.");
    if (error)
        json_channel_answer_error(channel, id, error);
}

static void
on_closed(JsonChannel *channel, const GError *error, gpointer user)
{
    Control *control = user;
    g_ptr_array_remove_fast(control->peers, channel); /* frees it */
}

static const JsonChannelEvents channel_events = {.message = on_message, .closed = on_closed};

static void
on_accepted(int fd, gpointer user)
{
    Control *control = user;
    if (control->peers->len >= MAX_PEERS) {
        close(fd);
        return;
    }
    g_ptr_array_add(control->peers, json_channel_new(fd, &channel_events, control));
}

Control *
control_new(const char *path, const ControlCalls *calls, gpointer user, GError **error)
{
    Control *control = g_new0(Control, 1);
    g_atomic_ref_count_init(&control->refs);
    control->calls = calls;
    control->user = user;
    control->folder = g_path_get_dirname(path);
    control->peers = g_ptr_array_new_with_free_func((GDestroyNotify)json_channel_free);
    control->listener = socket_listener_new(path, on_accepted, control, error);
    if (!control->listener)
        g_clear_pointer(&control, control_free);
    return control;
}

void
control_free(Control *control)
{
    if (!control)
        return;
    socket_listener_free(control->listener);
    g_clear_pointer(&control->peers, g_ptr_array_unref);
    unref(control);
}
