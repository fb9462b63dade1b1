/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net-process.h"

#include "host/agent/backoff.h"
#include "host/agent/desktop-record.h"
#include "host/agent/process.h"
#include "host/net/net-counters.h"

#include <signal.h>
#include <unistd.h>

/* QEMU ends as a rule when its socket does, and that will be told shortly. */
#define AFTER_QEMU_MS 1000

struct NetProcess {
    const HostSettings *settings;
    const MachineSpec *spec;
    Process *process;
    gint64 started_at; /* µs, monotonic */
    Backoff backoff;
    guint restart_timer, restarts;
    const char *state;
    void (*gone)(gpointer user); /* who waits for its end; NULL: it is wanted */
    gpointer user;
};

static char *
run_file(const char *run_dir, const char *name)
{
    return g_build_filename(run_dir, name, NULL);
}

static void launch(NetProcess *net);

static gboolean
on_restart(gpointer user)
{
    NetProcess *net = user;
    net->restart_timer = 0;
    net->restarts++;
    launch(net);
    return G_SOURCE_REMOVE;
}

static void
on_ended(Process *process, const ProcessEnd *end, gpointer user)
{
    NetProcess *net = user;
    g_autofree char *how = process_end_text(end);
    g_autofree char *log_path = run_file(net->spec->state_dir, "net.log");
    g_autofree char *tail = process_log_tail(log_path);
    gboolean by_qemu = end->known && end->exit_code == 0;
    guint wait = backoff_after_death(&net->backoff, net->started_at);
    g_clear_pointer(&net->process, process_free);
    if (net->gone != NULL) {
        net->gone(net->user);
        return;
    }
    net->state = "restarting";
    if (!by_qemu)
        g_warning("The network of “%s” %s%s%s", net->spec->name, how, tail != NULL ? ": " : ".",
                  tail != NULL ? tail : "");
    net->restart_timer = g_timeout_add(by_qemu ? MAX(wait, AFTER_QEMU_MS) : wait, on_restart, net);
}

static void
launch(NetProcess *net)
{
    const MachineSpec *spec = net->spec;
    g_autofree char *socket = run_file(spec->run_dir, "net");
    g_autofree char *counters = run_file(spec->run_dir, "net.counters");
    g_autofree char *pid_path = run_file(spec->run_dir, "net.pid");
    g_autofree char *log_path = run_file(spec->state_dir, "net.log");
    g_autofree char *rate = g_strdup_printf("%u", spec->limits.net_mbps);
    g_autoptr(GError) error = NULL;
    const char *const argv[] = {net->settings->net_program,
                                "--qemu-unix",
                                socket,
                                "--counters",
                                counters,
                                "--rate",
                                rate,
                                net->settings->network ? NULL : "--isolated",
                                NULL};
    net->started_at = g_get_monotonic_time();
    net->process = process_spawn(argv, pid_path, log_path, on_ended, net, &error);
    net->state = net->process != NULL ? "running" : "failed";
    if (net->process != NULL) {
        machine_limits_hold(&spec->limits, spec->id, process_pid(net->process));
        return;
    }
    g_warning("“%s” has no network: %s", spec->name, error->message);
    net->restart_timer = g_timeout_add(BACKOFF_MAX_MS, on_restart, net);
}

NetProcess *
net_process_new(const HostSettings *settings, const MachineSpec *spec)
{
    g_autofree char *pid_path = run_file(spec->run_dir, "net.pid");
    NetProcess *net = g_new0(NetProcess, 1);
    net->settings = settings;
    net->spec = spec;
    net->started_at = g_get_monotonic_time();
    net->process = process_adopt(pid_path, on_ended, net);
    net->state = "running";
    if (net->process == NULL)
        launch(net);
    return net;
}

void
net_process_free(NetProcess *net)
{
    if (net == NULL)
        return;
    g_clear_handle_id(&net->restart_timer, g_source_remove);
    process_free(net->process);
    g_free(net);
}

gboolean
net_process_end(NetProcess *net, void (*gone)(gpointer user), gpointer user)
{
    g_clear_handle_id(&net->restart_timer, g_source_remove);
    net->gone = gone;
    net->user = user;
    if (net->process != NULL)
        process_signal(net->process, SIGKILL);
    return net->process != NULL;
}

void
net_process_kill(const char *run_dir)
{
    static const char *const names[] = {"net", "net.pid", "net.counters"};
    g_autofree char *pid_path = run_file(run_dir, "net.pid");
    g_autoptr(Process) process = process_adopt(pid_path, NULL, NULL);
    if (process != NULL)
        process_signal(process, SIGKILL);
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = run_file(run_dir, names[i]);
        unlink(path);
    }
}

void
net_process_observe(const NetProcess *net, MachineNetwork *network)
{
    g_autofree char *path = run_file(net->spec->run_dir, "net.counters");
    NetCounters counters;
    *network = (MachineNetwork){.state = net->state, .restarts = net->restarts};
    if (net->process != NULL)
        network->pid = process_pid(net->process);
    if (!net_counters_read(path, &counters))
        return;
    network->sent_bytes = counters.sent_bytes;
    network->received_bytes = counters.received_bytes;
}
