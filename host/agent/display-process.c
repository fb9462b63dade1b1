/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "display-process.h"

#include "common/error.h"
#include "common/json-channel.h"
#include "host/agent/backoff.h"
#include "host/agent/line-stream.h"
#include "host/agent/process.h"

#include <signal.h>
#include <unistd.h>

/* Its answer for "the source is gone for good". */
#define EXIT_SOURCE_GONE 3
/* Until it answers for the first time it is asked often, for somebody waits for it; less often when
 * it should have answered long since; then now and then. */
#define ASK_FIRST_MS     10
#define ASK_FIRST_US     (2 * G_USEC_PER_SEC)
#define ASK_FAST_MS      100
#define ASK_SLOW_MS      1000
#define STATS_TIMEOUT_MS 3000
#define KILL_AFTER_MS    2000
#define OPEN_RETRY_MS    25
/* How many may wait for one display to open. */
#define MAX_OPENING 32

typedef enum {
    DISPLAY_STOPPED,
    DISPLAY_STARTING,
    DISPLAY_RUNNING,
    DISPLAY_RESTARTING,
    DISPLAY_FAILED
} DisplayState;

typedef struct {
    DisplayProcess *display;
    char *path;
    gint64 deadline; /* µs, monotonic */
    guint timer;
    DisplayOpened opened;
    gpointer user;
} Opening;

typedef struct {
    DisplayStats done;
    gpointer user;
} StatsCall;

struct DisplayProcess {
    DisplayConfig config;
    const DisplayEvents *events;
    gpointer user;

    gboolean wanted;
    gboolean stop_reported; /* nobody waits for stopped() */
    DisplayState state;
    Process *process;
    gint64 started_at; /* µs, monotonic */
    guint restarts;    /* since the desktop's start */
    Backoff backoff;
    guint restart_timer, kill_timer, stop_idle;

    JsonChannel *control;
    guint ask_timer, ask_every_ms;
    gboolean asking;
    guint clients;
    DisplayScreen screen;
    GList *openings;    /* of Opening */
    GList *stats_calls; /* of StatsCall: answered with the next numbers */
};

static void launch(DisplayProcess *display, GError **error);

static void
set_state(DisplayProcess *display, DisplayState state)
{
    if (display->state == state)
        return;
    display->state = state;
    display->events->changed(display->user);
}

static char *
run_file(const DisplayProcess *display, const char *name)
{
    return g_build_filename(display->config.run_dir, name, NULL);
}

/* --- the control socket
 * -------------------------------------------------------------------------------------- */

static void
on_control_message(JsonChannel *channel, json_t *message, const int *fds, guint n_fds,
                   gpointer user)
{
    for (guint i = 0; i < n_fds; i++)
        close(fds[i]);
}

static void
answer_stats(DisplayProcess *display, json_t *result, const GError *error)
{
    g_autoptr(GError) gone = g_error_new_literal(ORIEL_ERROR, ORIEL_ERROR_UNAVAILABLE,
                                                 "The desktop's display is not running.");
    GList *calls = g_steal_pointer(&display->stats_calls);
    for (GList *at = calls; at != NULL; at = at->next) {
        StatsCall *call = at->data;
        call->done(result, result == NULL && error == NULL ? gone : error, call->user);
    }
    g_list_free_full(calls, g_free);
}

static void
on_control_closed(JsonChannel *channel, const GError *error, gpointer user)
{
    DisplayProcess *display = user;
    g_clear_pointer(&display->control, json_channel_free);
    display->asking = FALSE;
    answer_stats(display, NULL, NULL);
}

static const JsonChannelEvents control_events = {.message = on_control_message,
                                                 .closed = on_control_closed};

static guint
count_of(const json_t *stats, const char *name)
{
    return (guint)CLAMP(json_integer_value(json_object_get(stats, name)), 0, 1000000);
}

static void schedule_ask(DisplayProcess *display);

static void
on_asked(json_t *result, const int *fds, guint n_fds, const GError *error, gpointer user)
{
    DisplayProcess *display = user;
    on_control_message(NULL, NULL, fds, n_fds, NULL);
    display->asking = FALSE;
    answer_stats(display, result, error);
    if (result == NULL)
        return;
    guint clients = count_of(result, "vnc_clients") + count_of(result, "spice_clients");
    display->screen.known = TRUE;
    display->screen.width = count_of(result, "width");
    display->screen.height = count_of(result, "height");
    display->screen.frames = (guint64)json_integer_value(json_object_get(result, "frames"));
    gboolean different = clients != display->clients;
    display->clients = clients;
    if (display->state == DISPLAY_STARTING) {
        set_state(display, DISPLAY_RUNNING);
        schedule_ask(display);
    } else if (different) {
        display->events->changed(display->user);
    }
}

static gboolean
connect_control(DisplayProcess *display)
{
    if (display->control != NULL)
        return TRUE;
    g_autofree char *path = run_file(display, "control");
    int fd = unix_socket_connect(path, NULL);
    if (fd >= 0)
        display->control = json_channel_new(fd, &control_events, display);
    return fd >= 0;
}

static guint
ask_delay(const DisplayProcess *display)
{
    if (display->state != DISPLAY_STARTING)
        return ASK_SLOW_MS;
    return g_get_monotonic_time() - display->started_at < ASK_FIRST_US ? ASK_FIRST_MS : ASK_FAST_MS;
}

static gboolean
on_ask(gpointer user)
{
    DisplayProcess *display = user;
    if (ask_delay(display) != display->ask_every_ms) {
        schedule_ask(display);
        return G_SOURCE_REMOVE;
    }
    if (display->asking)
        return G_SOURCE_CONTINUE;
    if (connect_control(display)) {
        display->asking = TRUE;
        json_channel_call(display->control, "stats", NULL, STATS_TIMEOUT_MS, on_asked, display);
    } else if (display->stats_calls != NULL) {
        answer_stats(display, NULL, NULL);
    }
    return G_SOURCE_CONTINUE;
}

static void
schedule_ask(DisplayProcess *display)
{
    g_clear_handle_id(&display->ask_timer, g_source_remove);
    display->ask_every_ms = ask_delay(display);
    display->ask_timer = g_timeout_add(display->ask_every_ms, on_ask, display);
}

static gboolean
refuse_stats(gpointer user)
{
    g_autofree StatsCall *call = user;
    g_autoptr(GError) error = g_error_new_literal(ORIEL_ERROR, ORIEL_ERROR_UNAVAILABLE,
                                                  "The desktop's display is not running.");
    call->done(NULL, error, call->user);
    return G_SOURCE_REMOVE;
}

void
display_process_stats(DisplayProcess *display, DisplayStats done, gpointer user)
{
    StatsCall *call = g_new0(StatsCall, 1);
    call->done = done;
    call->user = user;
    if (display->process == NULL || g_list_length(display->stats_calls) >= MAX_OPENING) {
        g_idle_add(refuse_stats, call);
        return;
    }
    display->stats_calls = g_list_append(display->stats_calls, call);
    /* Asked at once; the regular rhythm goes on after it. */
    g_clear_handle_id(&display->ask_timer, g_source_remove);
    on_ask(display);
    if (display->process != NULL)
        schedule_ask(display);
}

/* --- life and death
 * ------------------------------------------------------------------------------------------ */

static void
forget_process(DisplayProcess *display)
{
    g_autofree char *pid_path = run_file(display, "display.pid");
    g_clear_pointer(&display->process, process_free);
    g_clear_pointer(&display->control, json_channel_free);
    g_clear_handle_id(&display->ask_timer, g_source_remove);
    g_clear_handle_id(&display->kill_timer, g_source_remove);
    display->asking = FALSE;
    answer_stats(display, NULL, NULL);
    display->clients = 0;
    display->screen.known = FALSE;
    unlink(pid_path);
}

static gboolean
on_restart(gpointer user)
{
    DisplayProcess *display = user;
    display->restart_timer = 0;
    display->restarts++;
    launch(display, NULL);
    return G_SOURCE_REMOVE;
}

static void
restart_later(DisplayProcess *display, guint at_least_ms)
{
    guint delay = backoff_after_death(&display->backoff, display->started_at);
    g_clear_handle_id(&display->restart_timer, g_source_remove);
    display->restart_timer = g_timeout_add(MAX(delay, at_least_ms), on_restart, display);
}

static gboolean
report_stopped(gpointer user)
{
    DisplayProcess *display = user;
    display->stop_idle = 0;
    if (!display->wanted && !display->stop_reported) {
        display->stop_reported = TRUE;
        display->events->stopped(display->user);
    }
    return G_SOURCE_REMOVE;
}

static void
stop_is_through(DisplayProcess *display)
{
    set_state(display, DISPLAY_STOPPED);
    if (display->stop_idle == 0)
        display->stop_idle = g_idle_add(report_stopped, display);
}

static void
on_ended(Process *process, const ProcessEnd *end, gpointer user)
{
    DisplayProcess *display = user;
    g_autofree char *how = process_end_text(end);
    g_autofree char *tail = process_log_tail(display->config.log_path);
    forget_process(display);
    if (!display->wanted) {
        stop_is_through(display);
        return;
    }
    gboolean source_gone = end->known && end->exit_code == EXIT_SOURCE_GONE;
    if (!source_gone)
        g_warning("The display of “%s” %s%s%s", display->config.name, how,
                  tail != NULL ? ": " : ".", tail != NULL ? tail : "");
    /* Without a source there is nothing to show, and the machine's end will be told shortly. */
    restart_later(display, source_gone ? 1000 : 0);
    set_state(display, DISPLAY_RESTARTING);
}

static void
launch(DisplayProcess *display, GError **error)
{
    const DisplayConfig *config = &display->config;
    g_autofree char *vnc = run_file(display, "vnc");
    g_autofree char *spice = run_file(display, "spice");
    g_autofree char *control = run_file(display, "control");
    g_autofree char *pid_path = run_file(display, "display.pid");
    g_autoptr(GError) local = NULL;
    const char *argv[] = {config->program,
                          "--name",
                          config->name,
                          "--source",
                          config->source,
                          "--vnc-unix",
                          vnc,
                          "--spice-unix",
                          spice,
                          "--control-unix",
                          control,
                          config->agent_socket != NULL ? "--agent-unix" : NULL,
                          config->agent_socket,
                          NULL};
    unlink(control); /* one that nobody answers would only be asked in vain */
    display->started_at = g_get_monotonic_time();
    display->process = process_spawn(argv, pid_path, config->log_path, on_ended, display, &local);
    if (display->process != NULL) {
        set_state(display, DISPLAY_STARTING);
        schedule_ask(display);
        return;
    }
    g_warning("The display of “%s” cannot be started: %s", config->name, local->message);
    restart_later(display, BACKOFF_MAX_MS);
    set_state(display, DISPLAY_FAILED);
    g_propagate_error(error, g_steal_pointer(&local));
}

gboolean
display_process_start(DisplayProcess *display, GError **error)
{
    GError *local = NULL;
    g_autofree char *pid_path = run_file(display, "display.pid");
    if (display->wanted)
        return TRUE;
    display->wanted = TRUE;
    display->restarts = 0;
    display->backoff = (Backoff){0};
    if (display->process != NULL) /* an earlier one is still ending; on_ended() starts the next */
        return TRUE;
    display->process = process_adopt(pid_path, on_ended, display);
    if (display->process != NULL) {
        display->started_at = g_get_monotonic_time();
        set_state(display, DISPLAY_STARTING);
        schedule_ask(display);
        return TRUE;
    }
    launch(display, &local);
    if (local != NULL)
        g_propagate_error(error, local);
    return display->process != NULL;
}

static gboolean
on_kill(gpointer user)
{
    DisplayProcess *display = user;
    display->kill_timer = 0;
    if (display->process != NULL)
        process_signal(display->process, SIGKILL);
    return G_SOURCE_REMOVE;
}

void
display_process_stop(DisplayProcess *display)
{
    g_autofree char *pid_path = run_file(display, "display.pid");
    display->wanted = FALSE;
    display->stop_reported = FALSE;
    g_clear_handle_id(&display->restart_timer, g_source_remove);
    if (display->process == NULL) /* one that was never taken up after our restart */
        display->process = process_adopt(pid_path, on_ended, display);
    if (display->process == NULL) {
        stop_is_through(display);
        return;
    }
    process_signal(display->process, SIGTERM);
    if (display->kill_timer == 0)
        display->kill_timer = g_timeout_add(KILL_AFTER_MS, on_kill, display);
}

DisplayProcess *
display_process_new(DisplayConfig *config, const DisplayEvents *events, gpointer user)
{
    DisplayProcess *display = g_new0(DisplayProcess, 1);
    display->config = *config;
    *config = (DisplayConfig){0};
    display->events = events;
    display->user = user;
    display->stop_reported = TRUE;
    return display;
}

/* --- opening a stream
 * ---------------------------------------------------------------------------------------- */

/* opening is freed; fd goes to its owner. */
static void
finish_opening(Opening *opening, int fd, const GError *error)
{
    DisplayProcess *display = opening->display;
    display->openings = g_list_remove(display->openings, opening);
    g_clear_handle_id(&opening->timer, g_source_remove);
    opening->opened(fd, error, opening->user);
    g_free(opening->path);
    g_free(opening);
}

static gboolean
on_opening(gpointer user)
{
    Opening *opening = user;
    g_autoptr(GError) error = NULL;
    DisplayProcess *display = opening->display;
    int fd = display->wanted ? unix_socket_connect(opening->path, NULL) : -1;
    if (fd < 0 && display->wanted && g_get_monotonic_time() < opening->deadline) {
        opening->timer = g_timeout_add(OPEN_RETRY_MS, on_opening, opening);
        return G_SOURCE_REMOVE;
    }
    opening->timer = 0;
    if (fd < 0)
        error =
            g_error_new_literal(ORIEL_ERROR, ORIEL_ERROR_UNAVAILABLE,
                                "The desktop's display does not answer; it may be starting again.");
    finish_opening(opening, fd, error);
    return G_SOURCE_REMOVE;
}

void
display_process_open(DisplayProcess *display, const char *protocol, guint timeout_ms,
                     DisplayOpened opened, gpointer user)
{
    Opening *opening = g_new0(Opening, 1);
    gboolean too_many = g_list_length(display->openings) >= MAX_OPENING;
    opening->display = display;
    opening->path = run_file(display, protocol);
    opening->deadline =
        too_many ? 0 : g_get_monotonic_time() + timeout_ms * G_GINT64_CONSTANT(1000);
    opening->opened = opened;
    opening->user = user;
    opening->timer = g_idle_add(on_opening, opening);
    display->openings = g_list_prepend(display->openings, opening);
}

void
display_process_free(DisplayProcess *display)
{
    if (display == NULL)
        return;
    g_autoptr(GError) error =
        g_error_new_literal(ORIEL_ERROR, ORIEL_ERROR_UNAVAILABLE, "The desktop is gone.");
    while (display->openings != NULL)
        finish_opening(display->openings->data, -1, error);
    answer_stats(display, NULL, error);
    g_clear_handle_id(&display->restart_timer, g_source_remove);
    g_clear_handle_id(&display->kill_timer, g_source_remove);
    g_clear_handle_id(&display->stop_idle, g_source_remove);
    g_clear_handle_id(&display->ask_timer, g_source_remove);
    json_channel_free(display->control);
    process_free(display->process);
    g_free(display->config.program);
    g_free(display->config.name);
    g_free(display->config.source);
    g_free(display->config.agent_socket);
    g_free(display->config.run_dir);
    g_free(display->config.log_path);
    g_free(display);
}

/* --- what it tells
 * ------------------------------------------------------------------------------------------- */

gboolean
display_process_is_up(const DisplayProcess *display)
{
    return display->state == DISPLAY_RUNNING;
}

void
display_process_screen(const DisplayProcess *display, DisplayScreen *screen)
{
    *screen = display->screen;
}

pid_t
display_process_pid(const DisplayProcess *display)
{
    return display->process != NULL ? process_pid(display->process) : 0;
}

json_t *
display_process_to_json(const DisplayProcess *display)
{
    static const char *const words[] = {"stopped", "starting", "running", "restarting", "failed"};
    return json_pack("{s:s, s:i, s:i, s:i}", "state", words[display->state], "pid",
                     (int)display_process_pid(display), "restarts", (int)display->restarts,
                     "clients", (int)display->clients);
}
