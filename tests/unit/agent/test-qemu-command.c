/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/agent/qemu-command.h"

#include <string.h>

static const MachineSpec spec = {.id = (char *)"8fcba38f-3dd6-4d8c-8cc5-80f033035964",
                                 .name = (char *)"Anna, -device evil",
                                 .cpus = 2,
                                 .memory_mib = 1024,
                                 .width = 1280,
                                 .height = 800,
                                 .image_dir = (char *)"/s/images/demo",
                                 .cmdline = (char *)"root=/dev/vda rw",
                                 .state_dir = (char *)"/s/a,b",
                                 .run_dir = (char *)"/r/x"};

/* The value after option that holds text, or NULL. */
static const char *
find(char **argv, const char *option, const char *text)
{
    for (char **at = argv; at[0] != NULL && at[1] != NULL; at++)
        if (g_str_equal(at[0], option) && strstr(at[1], text) != NULL)
            return at[1];
    return NULL;
}

static void
test_essentials(void)
{
    QemuCommandOptions options = {.program = "qemu", .accelerator = ACCELERATOR_TCG};
    g_auto(GStrv) argv = qemu_command_build(&spec, &options);
    g_assert_cmpstr(argv[0], ==, "qemu");
    g_assert_true(g_strv_contains((const char *const *)argv, "-nodefaults"));
    g_assert_true(g_strv_contains((const char *const *)argv, "-no-user-config"));
    g_assert_nonnull(
        find(argv, "-sandbox",
             "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"));
    g_assert_nonnull(find(argv, "-accel", "tcg,thread=multi"));
    g_assert_cmpstr(find(argv, "-cpu", ""), ==, "max");
    g_assert_cmpstr(find(argv, "-smp", ""), ==, "2");
    g_assert_cmpstr(find(argv, "-m", ""), ==, "1024");
    g_assert_nonnull(find(argv, "-device", "virtio-vga,xres=1280,yres=800,edid=on,max_outputs=1"));
    g_assert_nonnull(find(argv, "-device", "name=com.redhat.spice.0"));
    g_assert_nonnull(find(argv, "-device", "name=org.qemu.guest_agent.0"));
    g_assert_nonnull(find(argv, "-display", "dbus,addr=unix:path=/r/x/bus,audiodev=snd"));
    g_assert_nonnull(find(argv, "-qmp", "unix:/r/x/qmp,"));
    g_assert_nonnull(find(argv, "-drive", "discard=unmap"));
    g_assert_cmpstr(find(argv, "-netdev", ""), ==,
                    "stream,id=net0,server=on,addr.type=unix,addr.path=/r/x/net");
    g_assert_null(find(argv, "-kernel", ""));
}

static void
test_memory(void)
{
    MachineSpec warm = spec;
    QemuCommandOptions options = {.program = "qemu"};
    g_auto(GStrv) cold = qemu_command_build(&warm, &options);
    g_assert_nonnull(find(cold, "-object", "memory-backend-ram,id=ram,size=1024M"));
    g_assert_nonnull(find(cold, "-machine", "memory-backend=ram"));
    g_assert_null(find(cold, "-incoming", ""));
    g_assert_nonnull(find(cold, "-device", "virtio-net-pci,netdev=net0,romfile=,mac=52:54:"));
    warm.memory_file = (char *)"/s/templates/a,b/memory";
    g_auto(GStrv) template_ = qemu_command_build(&warm, &options);
    g_assert_nonnull(find(template_, "-object", "share=on,mem-path=/s/templates/a,,b/memory"));
    warm.memory_file = NULL;
    warm.template_dir = (char *)"/s/templates/a,b";
    options.origin = START_CLONE;
    g_auto(GStrv) clone = qemu_command_build(&warm, &options);
    g_assert_nonnull(find(clone, "-object", "share=off,mem-path=/s/templates/a,,b/memory"));
    g_assert_nonnull(find(clone, "-incoming", "defer"));
    options.origin = START_RESUME;
    g_auto(GStrv) resumed = qemu_command_build(&warm, &options);
    g_assert_nonnull(find(resumed, "-object", "memory-backend-ram,id=ram,size=1024M"));
    g_assert_nonnull(find(resumed, "-incoming", "defer"));
}

static gboolean
returns_memory(const MachineSpec *returning, MachineOrigin origin)
{
    QemuCommandOptions options = {.program = "qemu", .origin = origin};
    g_auto(GStrv) argv = qemu_command_build(returning, &options);
    return find(argv, "-device", "virtio-balloon") != NULL;
}

/* What a clone gave back would be holes in its template's memory. */
static void
test_returned_memory(void)
{
    MachineSpec returning = spec;
    returning.template_dir = (char *)"/t/warm";
    g_assert_false(returns_memory(&returning, START_COLD));
    returning.returns_memory = TRUE;
    g_assert_true(returns_memory(&returning, START_COLD));
    g_assert_true(returns_memory(&returning, START_RESUME));
    g_assert_false(returns_memory(&returning, START_CLONE));
    returning.memory_file = (char *)"/t/warm/memory";
    g_assert_false(returns_memory(&returning, START_COLD));
}

static void
test_limits(void)
{
    MachineSpec limited = spec;
    QemuCommandOptions options = {.program = "qemu"};
    limited.limits = (MachineLimits){.disk_iops = 500, .disk_mibps = 20};
    g_auto(GStrv) argv = qemu_command_build(&limited, &options);
    g_assert_nonnull(
        find(argv, "-drive", ",throttling.iops-total=500,throttling.bps-total=20971520"));
}

/* The first has its place in every machine, so that a clone finds it where its template had none.
 * A clone's others are plugged in later. */
static void
test_volumes(void)
{
    static char *disks[] = {(char *)"/v/home.qcow2", (char *)"/v/more.qcow2", NULL};
    static char *serials[] = {(char *)"oriel-x", (char *)"oriel-y", NULL};
    static const MachineOrigin origins[] = {START_COLD, START_RESUME, START_CLONE};
    MachineSpec more = spec;
    QemuCommandOptions options = {.program = "qemu"};
    more.template_dir = (char *)"/t/warm";
    more.volume_disks = disks;
    more.volume_serials = serials;
    for (gsize i = 0; i < G_N_ELEMENTS(origins); i++) {
        options.origin = origins[i];
        g_auto(GStrv) argv = qemu_command_build(&more, &options);
        gboolean given = origins[i] != START_CLONE;
        g_assert_nonnull(find(argv, "-device", "pcie-root-port,id=hot0"));
        g_assert_nonnull(find(argv, "-drive", "id=volume0,file=/v/home.qcow2"));
        g_assert_nonnull(find(argv, "-device", "bus=hot0,drive=volume0,serial=oriel-x"));
        g_assert_true((find(argv, "-drive", "id=volume1,file=/v/more.qcow2") != NULL) == given);
        g_assert_true((find(argv, "-device", "bus=hot1,drive=volume1,serial=oriel-y") != NULL) ==
                      given);
    }
    g_auto(GStrv) none = qemu_command_build(&spec, &options);
    g_assert_nonnull(find(none, "-drive", "id=volume0,driver=null-co,size=0"));
    g_assert_nonnull(find(none, "-device", "bus=hot0,drive=volume0"));
    g_assert_null(find(none, "-drive", "id=volume1"));
}

static void
test_escaping(void)
{
    QemuCommandOptions options = {.program = "qemu"};
    g_auto(GStrv) argv = qemu_command_build(&spec, &options);
    g_assert_cmpstr(find(argv, "-name", ""), ==, "guest=Anna,, -device evil,debug-threads=on");
    g_assert_nonnull(find(argv, "-drive", "file=/s/a,,b/disk.qcow2,format=qcow2"));
}

static void
test_choices(void)
{
    QemuCommandOptions options = {
        .program = "qemu", .accelerator = ACCELERATOR_KVM, .direct_boot = TRUE};
    g_auto(GStrv) argv = qemu_command_build(&spec, &options);
    g_assert_cmpstr(find(argv, "-accel", ""), ==, "kvm");
    g_assert_cmpstr(find(argv, "-cpu", ""), ==, "host");
    g_assert_cmpstr(find(argv, "-kernel", ""), ==, "/s/images/demo/kernel");
    g_assert_cmpstr(find(argv, "-initrd", ""), ==, "/s/images/demo/initrd");
    g_assert_cmpstr(find(argv, "-append", ""), ==, "root=/dev/vda rw");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qemu-command/essentials", test_essentials);
    g_test_add_func("/qemu-command/memory", test_memory);
    g_test_add_func("/qemu-command/returned-memory", test_returned_memory);
    g_test_add_func("/qemu-command/limits", test_limits);
    g_test_add_func("/qemu-command/volumes", test_volumes);
    g_test_add_func("/qemu-command/escaping", test_escaping);
    g_test_add_func("/qemu-command/choices", test_choices);
    return g_test_run();
}
