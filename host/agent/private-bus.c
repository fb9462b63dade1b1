/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "private-bus.h"

#include "host/agent/bus-config.h"
#include "host/agent/line-stream.h"
#include "host/agent/process.h"
#include "host/agent/retry.h"

#include <signal.h>
#include <unistd.h>

#define POLL_FIRST_MS 2
#define POLL_MAX_MS   100
#define DEADLINE_MS   10000

struct PrivateBus {
    char *run_dir;
    Process *process;
    Retry *poll;
    const PrivateBusEvents *events;
    gpointer user;
};

static char *
run_file(const char *run_dir, const char *name)
{
    return g_build_filename(run_dir, name, NULL);
}

static void
on_process_ended(Process *process, const ProcessEnd *end, gpointer user)
{
    PrivateBus *bus = user;
    g_autofree char *log_path = run_file(bus->run_dir, "bus.log");
    g_autofree char *tail = process_log_tail(log_path);
    g_autofree char *how = process_end_text(end);
    g_autofree char *told =
        tail != NULL ? g_strdup_printf("%s: %s", how, tail) : g_strdup_printf("%s.", how);
    g_clear_pointer(&bus->poll, retry_free);
    g_clear_pointer(&bus->process, process_free);
    bus->events->ended(told, bus->user);
}

static gboolean
on_poll(gpointer user)
{
    PrivateBus *bus = user;
    g_autofree char *path = run_file(bus->run_dir, "bus");
    int fd = unix_socket_connect(path, NULL);
    if (fd < 0)
        return FALSE;
    close(fd);
    g_clear_pointer(&bus->poll, retry_free);
    bus->events->up(bus->user);
    return TRUE;
}

static void
on_late(gpointer user)
{
    PrivateBus *bus = user;
    g_clear_pointer(&bus->poll, retry_free);
    bus->events->ended("did not come up in time.", bus->user);
}

static PrivateBus *
bus_new(const char *run_dir, const PrivateBusEvents *events, gpointer user)
{
    PrivateBus *bus = g_new0(PrivateBus, 1);
    bus->run_dir = g_strdup(run_dir);
    bus->events = events;
    bus->user = user;
    return bus;
}

PrivateBus *
private_bus_start(const char *program, const char *run_dir, const PrivateBusEvents *events,
                  gpointer user, GError **error)
{
    g_autofree char *socket_path = run_file(run_dir, "bus");
    g_autofree char *conf_path = run_file(run_dir, "bus.conf");
    g_autofree char *conf_option = g_strdup_printf("--config-file=%s", conf_path);
    g_autofree char *pid_path = run_file(run_dir, "bus.pid");
    g_autofree char *log_path = run_file(run_dir, "bus.log");
    g_autofree char *text = bus_config_text(socket_path, getuid());
    const char *const argv[] = {program,       conf_option,  "--nofork",
                                "--nopidfile", "--nosyslog", NULL};
    if (!g_file_set_contents_full(conf_path, text, -1, G_FILE_SET_CONTENTS_NONE, 0600, error))
        return NULL;
    PrivateBus *bus = bus_new(run_dir, events, user);
    bus->process = process_spawn(argv, pid_path, log_path, on_process_ended, bus, error);
    if (bus->process == NULL) {
        private_bus_free(bus);
        return NULL;
    }
    bus->poll = retry_new(POLL_FIRST_MS, POLL_MAX_MS, DEADLINE_MS, on_poll, on_late, bus);
    return bus;
}

PrivateBus *
private_bus_adopt(const char *run_dir, const PrivateBusEvents *events, gpointer user)
{
    g_autofree char *pid_path = run_file(run_dir, "bus.pid");
    PrivateBus *bus = bus_new(run_dir, events, user);
    bus->process = process_adopt(pid_path, on_process_ended, bus);
    if (bus->process == NULL)
        g_clear_pointer(&bus, private_bus_free);
    return bus;
}

void
private_bus_free(PrivateBus *bus)
{
    if (bus == NULL)
        return;
    retry_free(bus->poll);
    process_free(bus->process);
    g_free(bus->run_dir);
    g_free(bus);
}

void
private_bus_kill(const char *run_dir)
{
    static const char *const names[] = {"bus", "bus.conf", "bus.log", "bus.pid"};
    g_autofree char *pid_path = run_file(run_dir, "bus.pid");
    g_autoptr(Process) process = process_adopt(pid_path, NULL, NULL);
    if (process != NULL)
        process_signal(process, SIGKILL);
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = run_file(run_dir, names[i]);
        unlink(path);
    }
}
