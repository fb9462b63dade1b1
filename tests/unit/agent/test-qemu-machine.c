/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/agent/qemu.h"

#include "common/unix-socket.h"
#include "host/agent/record.h"

#include <glib-unix.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct {
    char *folder;
    int bus; /* what a message bus would listen on */
    gboolean starting, ended;
    MachineEnd end;
    gint64 deadline; /* µs, monotonic */
} Fixture;

static void
on_step(gpointer user, DesktopStep step)
{
    ((Fixture *)user)->starting |= step == STEP_MACHINE;
}

static void
on_ended(gpointer user, MachineEnd end, const char *reason)
{
    Fixture *fixture = user;
    fixture->ended = TRUE;
    fixture->end = end;
}

static const MachineEvents events = {.step = on_step, .ended = on_ended};

static void
wait_for(Fixture *fixture, const gboolean *flag)
{
    while (!*flag && g_get_monotonic_time() < fixture->deadline)
        g_main_context_iteration(NULL, TRUE);
    g_assert_true(*flag);
}

/* A main loop that is busy with more important things until the bus was found to be there. */
static gboolean
until_bus_is_seen(gpointer user)
{
    Fixture *fixture = user;
    int fd = accept4(fixture->bus, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return g_get_monotonic_time() < fixture->deadline;
    close(fd);
    return G_SOURCE_REMOVE;
}

/* Stopped while its bus starts: no QEMU may come up behind the end. */
static void
test_stopped_early(void)
{
    Fixture fixture = {.folder = g_dir_make_tmp("oXXXXXX", NULL),
                       .deadline = g_get_monotonic_time() + 20 * G_USEC_PER_SEC};
    g_autofree char *program = g_build_filename(fixture.folder, "program", NULL);
    g_autofree char *disk = g_build_filename(fixture.folder, "disk.qcow2", NULL);
    g_autofree char *log = g_build_filename(fixture.folder, "qemu.log", NULL);
    g_autofree char *bus = g_build_filename(fixture.folder, "bus", NULL);
    HostSettings settings = {.dbus_program = program,
                             .qemu_program = (char *)"/bin/true",
                             .qemu_img_program = (char *)"/bin/false",
                             .accelerator = (char *)"tcg"};
    MachineSpec spec = {.id = "8fcba38f-3dd6-4d8c-8cc5-80f033035964",
                        .name = "Anna",
                        .cpus = 1,
                        .memory_mib = 64,
                        .width = 800,
                        .height = 600,
                        .image_dir = fixture.folder,
                        .cmdline = (char *)"",
                        .state_dir = fixture.folder,
                        .run_dir = fixture.folder};
    g_assert_true(g_file_set_contents(disk, "", 0, NULL));
    g_assert_true(g_file_set_contents_full(program, "#!/bin/sh\nexec tail -f /dev/null\n", -1,
                                           G_FILE_SET_CONTENTS_NONE, 0700, NULL));
    Provider *provider = qemu_provider_new(&settings);
    Machine *machine = provider->ops->machine_new(provider, &spec, &events, &fixture);
    machine->ops->start(machine, START_COLD);
    wait_for(&fixture, &fixture.starting);
    fixture.bus = oriel_listen_unix(bus, 0600, (gid_t)-1, NULL);
    g_assert_cmpint(fixture.bus, >=, 0);
    g_assert_true(g_unix_set_fd_nonblocking(fixture.bus, TRUE, NULL));
    machine->ops->stop(machine, TRUE);
    g_idle_add_full(G_PRIORITY_DEFAULT, until_bus_is_seen, &fixture, NULL);
    wait_for(&fixture, &fixture.ended);
    g_assert_cmpint(fixture.end, ==, MACHINE_STOPPED);
    g_assert_false(g_file_test(log, G_FILE_TEST_EXISTS));
    machine->ops->machine_free(machine);
    provider->ops->provider_free(provider);
    close(fixture.bus);
    g_assert_true(record_remove_folder(fixture.folder, NULL));
    g_free(fixture.folder);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qemu-machine/stopped-early", test_stopped_early);
    return g_test_run();
}
