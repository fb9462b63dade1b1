/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "remote.h"

#include "common/error.h"

#include <gio/gio.h>
#include <string.h>

#define PASSWORD_FILE "vnc-password"
#define MAX_ADDRESS   300
#define ANSWER_S      10 /* for a machine that is asleep, or not there */

typedef struct {
    Machine base;
    const MachineSpec *spec;
    const MachineEvents *events;
    gpointer user;
    GCancellable *dialling; /* NULL: nothing is under way */
    guint telling;          /* the idle callback that tells the end */
    gboolean running, destroying;
    MachineEnd end;
    char *reason;
} RemoteMachine;

gboolean
remote_address_is_valid(const char *address)
{
    const char *colon = strrchr(address, ':');
    guint64 port;
    if (strlen(address) > MAX_ADDRESS || !colon || colon == address ||
        strpbrk(address, " ,/@?#\\\"'") ||
        !g_ascii_string_to_unsigned(colon + 1, 10, 1, 65535, &port, NULL))
        return FALSE;
    gboolean bracketed = address[0] == '[' && colon[-1] == ']';
    return bracketed || (address[0] != '[' && !memchr(address, ':', (gsize)(colon - address)));
}

gboolean
remote_password_save(const char *state_dir, const char *password, GError **error)
{
    g_autofree char *path = g_build_filename(state_dir, PASSWORD_FILE, NULL);
    return g_file_set_contents_full(path, password, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600,
                                    error);
}

/* --- telling --- */

static gboolean
tell_end(gpointer user)
{
    RemoteMachine *machine = user;
    g_autofree char *reason = g_steal_pointer(&machine->reason);
    machine->telling = 0;
    machine->running = FALSE;
    if (machine->destroying)
        machine->events->destroyed(machine->user);
    else
        machine->events->ended(machine->user, machine->end, reason);
    return G_SOURCE_REMOVE;
}

/* Events never come from inside a call. */
static void
end_soon(RemoteMachine *machine, MachineEnd end, const char *reason)
{
    if (machine->dialling)
        g_cancellable_cancel(machine->dialling);
    g_clear_object(&machine->dialling);
    machine->end = end;
    g_free(machine->reason);
    machine->reason = g_strdup(reason);
    if (machine->telling == 0)
        machine->telling = g_idle_add(tell_end, machine);
}

static void
become_ready(RemoteMachine *machine)
{
    machine->running = TRUE;
    machine->events->step(machine->user, STEP_BOOT);
    machine->events->step(machine->user, STEP_READY);
}

/* --- starting: it is there when it answers --- */

static void
dialled(GObject *client, GAsyncResult *result, gpointer user)
{
    RemoteMachine *machine = user;
    g_autoptr(GError) error = NULL;
    g_autoptr(GSocketConnection) connection =
        g_socket_client_connect_to_host_finish(G_SOCKET_CLIENT(client), result, &error);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return; /* the machine may be gone */
    g_clear_object(&machine->dialling);
    if (connection) {
        become_ready(machine);
        return;
    }
    g_autofree char *reason = g_strdup_printf("The machine does not answer at %s: %s.",
                                              machine->spec->vnc, error->message);
    end_soon(machine, MACHINE_FAILED, reason);
}

static void
remote_start(Machine *base, MachineOrigin origin)
{
    RemoteMachine *machine = (RemoteMachine *)base;
    g_autoptr(GSocketClient) client = g_socket_client_new();
    if (machine->dialling || machine->running || machine->telling)
        return;
    machine->dialling = g_cancellable_new();
    g_socket_client_set_timeout(client, ANSWER_S);
    g_socket_client_set_enable_proxy(client, FALSE);
    g_socket_client_connect_to_host_async(client, machine->spec->vnc, 0, machine->dialling, dialled,
                                          machine);
}

static gboolean
remote_adopt(Machine *base, gboolean watch_agent, MachineEnd *end, char **reason)
{
    RemoteMachine *machine = (RemoteMachine *)base;
    machine->running = TRUE;
    if (watch_agent) { /* it was asked for, and nobody has seen yet whether it answers */
        machine->running = FALSE;
        remote_start(base, START_COLD);
    }
    return TRUE;
}

/* --- ending: the machine itself goes on --- */

static void
remote_stop(Machine *base, gboolean force)
{
    end_soon((RemoteMachine *)base, MACHINE_STOPPED, "The connection was ended.");
}

static void
remote_fail(Machine *base, const char *reason)
{
    end_soon((RemoteMachine *)base, MACHINE_FAILED, reason);
}

static void
remote_destroy(Machine *base)
{
    RemoteMachine *machine = (RemoteMachine *)base;
    machine->destroying = TRUE;
    end_soon(machine, MACHINE_STOPPED, NULL);
}

static gboolean
tell_not_suspended(gpointer user)
{
    RemoteMachine *machine = user;
    machine->telling = 0;
    machine->events->suspend_failed(machine->user,
                                    "A machine that is only reached over VNC is not Oriel's.");
    return G_SOURCE_REMOVE;
}

static void
remote_suspend(Machine *base)
{
    RemoteMachine *machine = (RemoteMachine *)base;
    if (machine->telling == 0)
        machine->telling = g_idle_add(tell_not_suspended, machine);
}

/* --- the rest --- */

static void
remote_observe(Machine *base, MachineStatus *status)
{
    *status = (MachineStatus){.running = ((RemoteMachine *)base)->running};
}

static char *
remote_display_source(Machine *base)
{
    const MachineSpec *spec = ((RemoteMachine *)base)->spec;
    g_autofree char *password = g_build_filename(spec->state_dir, PASSWORD_FILE, NULL);
    if (g_file_test(password, G_FILE_TEST_EXISTS))
        return g_strdup_printf("rfb:%s,password-file=%s", spec->vnc, password);
    return g_strdup_printf("rfb:%s", spec->vnc);
}

static char *
remote_agent_socket(Machine *machine)
{
    return NULL;
}

static const ProviderFacts *
remote_facts(Provider *provider)
{
    static const ProviderFacts facts = {.name = "remote",
                                        .version = "1",
                                        .cpu = "none",
                                        .accelerator = "none",
                                        .accelerator_reason = "Its machines run elsewhere."};
    return &facts;
}

static void
remote_machine_free(Machine *base)
{
    RemoteMachine *machine = (RemoteMachine *)base;
    if (!machine)
        return;
    if (machine->dialling)
        g_cancellable_cancel(machine->dialling);
    g_clear_object(&machine->dialling);
    g_clear_handle_id(&machine->telling, g_source_remove);
    g_free(machine->reason);
    g_free(machine);
}

static const ProviderOps remote_ops;

static Machine *
remote_machine_new(Provider *provider, const MachineSpec *spec, const MachineEvents *events,
                   gpointer user)
{
    RemoteMachine *machine = g_new0(RemoteMachine, 1);
    machine->base.ops = &remote_ops;
    machine->spec = spec;
    machine->events = events;
    machine->user = user;
    return &machine->base;
}

static void
remote_provider_free(Provider *provider)
{
    g_free(provider);
}

static const ProviderOps remote_ops = {.machine_new = remote_machine_new,
                                       .machine_free = remote_machine_free,
                                       .start = remote_start,
                                       .adopt = remote_adopt,
                                       .stop = remote_stop,
                                       .suspend = remote_suspend,
                                       .fail = remote_fail,
                                       .destroy = remote_destroy,
                                       .observe = remote_observe,
                                       .display_source = remote_display_source,
                                       .agent_socket = remote_agent_socket,
                                       .facts = remote_facts,
                                       .provider_free = remote_provider_free};

Provider *
remote_provider_new(void)
{
    Provider *provider = g_new0(Provider, 1);
    provider->ops = &remote_ops;
    return provider;
}
