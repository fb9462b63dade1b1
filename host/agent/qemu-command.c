/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qemu-command.h"

#include "host/agent/guest-identity.h"
#include "host/agent/volume-store.h"

#include <gio/gio.h>

typedef struct {
    GPtrArray *argv;
    const MachineSpec *spec;
    const QemuCommandOptions *options;
} Builder;

static void add(Builder *builder, const char *option, const char *format, ...) G_GNUC_PRINTF(3, 4);

static void
add(Builder *builder, const char *option, const char *format, ...)
{
    g_ptr_array_add(builder->argv, g_strdup(option));
    if (format == NULL)
        return;
    va_list arguments;
    va_start(arguments, format);
    g_ptr_array_add(builder->argv, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

/* QEMU's option parser takes a doubled comma for a comma. */
static char *
escape(const char *value)
{
    GString *escaped = g_string_new(value);
    g_string_replace(escaped, ",", ",,", 0);
    return g_string_free(escaped, FALSE);
}

char *
qemu_socket_path(const MachineSpec *spec, const char *name)
{
    return g_build_filename(spec->run_dir, name, NULL);
}

static char *
escaped_socket(Builder *builder, const char *name)
{
    g_autofree char *path = qemu_socket_path(builder->spec, name);
    return escape(path);
}

/* The same object for all, so that what one has saved another can read. */
static void
add_memory(Builder *builder)
{
    const MachineSpec *spec = builder->spec;
    gboolean clone = builder->options->origin == START_CLONE;
    g_autofree char *template_file =
        clone ? g_build_filename(spec->template_dir, "memory", NULL) : NULL;
    const char *file = clone ? template_file : spec->memory_file;
    if (file == NULL) {
        add(builder, "-object", "memory-backend-ram,id=ram,size=%uM", spec->memory_mib);
        return;
    }
    g_autofree char *path = escape(file);
    add(builder, "-object", "memory-backend-file,id=ram,size=%uM,share=%s,mem-path=%s",
        spec->memory_mib, clone ? "off" : "on", path);
}

static void
add_machine(Builder *builder)
{
    const MachineSpec *spec = builder->spec;
    gboolean kvm = builder->options->accelerator == ACCELERATOR_KVM;
    g_autofree char *name = escape(spec->name);
    add(builder, "-name", "guest=%s,debug-threads=on", name);
    add(builder, "-uuid", "%s", spec->id);
    add(builder, "-nodefaults", NULL);
    add(builder, "-no-user-config", NULL);
    add(builder, "-sandbox",
        "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
    add_memory(builder);
    add(builder, "-machine", "q35,vmport=off,memory-backend=ram");
    add(builder, "-accel", "%s", kvm ? "kvm" : "tcg,thread=multi");
    add(builder, "-cpu", "%s", kvm ? "host" : "max");
    add(builder, "-smp", "%u", spec->cpus);
    add(builder, "-m", "%u", spec->memory_mib);
    add(builder, "-rtc", "base=utc,driftfix=slew");
    /* A clone learns from it that it is not the machine its disk was made on. */
    add(builder, "-device", "vmgenid,guid=auto");
    add(builder, "-device", "virtio-rng-pci");
    if (builder->options->origin != START_COLD)
        add(builder, "-incoming", "defer");
}

/* What QEMU itself holds a disk to. */
static char *
disk_limits(const MachineLimits *limits)
{
    GString *text = g_string_new(NULL);
    if (limits->disk_iops > 0)
        g_string_append_printf(text, ",throttling.iops-total=%u", limits->disk_iops);
    if (limits->disk_mibps > 0)
        g_string_append_printf(text, ",throttling.bps-total=%" G_GUINT64_FORMAT,
                               (guint64)limits->disk_mibps << 20);
    return g_string_free(text, FALSE);
}

static void
add_disk(Builder *builder)
{
    const MachineSpec *spec = builder->spec;
    g_autofree char *disk_path = g_build_filename(spec->state_dir, "disk.qcow2", NULL);
    g_autofree char *disk = escape(disk_path);
    g_autofree char *limits = disk_limits(&spec->limits);
    add(builder, "-drive",
        "if=none,id=disk0,file=%s,format=qcow2,cache=writeback,discard=unmap,detect-zeroes=unmap%s",
        disk, limits);
    add(builder, "-device", "virtio-blk-pci,drive=disk0,bootindex=1");
    if (!builder->options->direct_boot)
        return;
    g_autofree char *kernel = g_build_filename(spec->image_dir, "kernel", NULL);
    g_autofree char *initrd = g_build_filename(spec->image_dir, "initrd", NULL);
    add(builder, "-kernel", "%s", kernel);
    add(builder, "-initrd", "%s", initrd);
    if (spec->cmdline[0] != '\0')
        add(builder, "-append", "%s", spec->cmdline);
}

static void
add_screen_and_input(Builder *builder)
{
    const MachineSpec *spec = builder->spec;
    g_autofree char *bus_path = qemu_socket_path(spec, "bus");
    g_autofree char *bus = g_dbus_address_escape_value(bus_path); /* leaves no comma */
    add(builder, "-display", "dbus,addr=unix:path=%s,audiodev=snd", bus);
    add(builder, "-device", "virtio-vga,xres=%u,yres=%u,edid=on,max_outputs=1", spec->width,
        spec->height);
    /* The keyboard is the PS/2 one that every q35 has. */
    add(builder, "-device", "qemu-xhci,id=usb");
    add(builder, "-device", "usb-tablet,bus=usb.0");
    add(builder, "-audiodev", "dbus,id=snd");
    add(builder, "-device", "intel-hda");
    add(builder, "-device", "hda-duplex,audiodev=snd");
}

static void
add_network(Builder *builder)
{
    /* oriel-net connects here, and again when it was started anew. There is none of QEMU's own in
     * what is saved, so a clone begins with no connection of its template's. */
    g_autofree char *path = escaped_socket(builder, "net");
    add(builder, "-netdev", "stream,id=net0,server=on,addr.type=unix,addr.path=%s", path);
    g_autofree char *mac = guest_identity_mac(builder->spec->id);
    add(builder, "-device", "virtio-net-pci,netdev=net0,romfile=,mac=%s", mac);
}

static void
add_port(Builder *builder, const char *id, const char *port)
{
    g_autofree char *path = escaped_socket(builder, id);
    add(builder, "-chardev", "socket,id=%s,path=%s,server=on,wait=off", id, path);
    add(builder, "-device", "virtserialport,chardev=%s,name=%s", id, port);
}

static void
add_control(Builder *builder)
{
    g_autofree char *qmp = escaped_socket(builder, "qmp");
    g_autofree char *second = escaped_socket(builder, "qmp2");
    add(builder, "-device", "virtio-serial-pci");
    add_port(builder, "vdagent", "com.redhat.spice.0");
    add_port(builder, "qga", "org.qemu.guest_agent.0");
    add_port(builder, "identity", "org.oriel.identity.0");
    /* The last of what the guest's kernel said, kept in memory: a guest cannot fill a disk with it.
     */
    add(builder, "-chardev", "ringbuf,id=serial0,size=65536");
    add(builder, "-serial", "chardev:serial0");
    add(builder, "-qmp", "unix:%s,server=on,wait=off", qmp);
    /* For a person who looks into a desktop while the host holds the first one. */
    add(builder, "-qmp", "unix:%s,server=on,wait=off", second);
    add(builder, "-action", "panic=shutdown");
}

static void
add_volume(Builder *builder, guint i)
{
    const MachineSpec *spec = builder->spec;
    g_autofree char *disk = escape(spec->volume_disks[i]);
    g_autofree char *limits = disk_limits(&spec->limits);
    add(builder, "-drive",
        "if=none,id=volume%u,file=%s,format=qcow2,cache=writeback,discard=unmap%s", i, disk,
        limits);
    add(builder, "-device", "virtio-blk-pci,bus=hot%u,drive=volume%u,serial=%s", i, i,
        spec->volume_serials[i]);
}

/* Each volume behind a port of its own, where it may be plugged in and out; after all other
 * devices, so that theirs are the same places with it and without. The first one, the user's home,
 * has its device in every machine, of no size where there is no volume: so a template has it, and
 * in its clone the disk is there at once, without the guest having to find and start a device. */
static void
add_volumes(Builder *builder)
{
    const MachineSpec *spec = builder->spec;
    guint given = spec->volume_disks != NULL ? g_strv_length(spec->volume_disks) : 0;
    for (guint i = 0; i < MAX_VOLUMES; i++)
        add(builder, "-device", "pcie-root-port,id=hot%u,chassis=%u", i, i + 1);
    if (given == 0) {
        add(builder, "-drive", "if=none,id=volume0,driver=null-co,size=0");
        add(builder, "-device", "virtio-blk-pci,bus=hot0,drive=volume0");
    }
    /* A template has no more: a clone's others are plugged in once its memory is there. */
    if (builder->options->origin == START_CLONE)
        given = MIN(given, 1);
    for (guint i = 0; i < given; i++)
        add_volume(builder, i);
}

/* The guest tells what it has freed, and this machine has it back. Never where its memory is a
 * template's or becomes one: this QEMU gives back what lies in a file by making holes in the file,
 * also where the file is mapped privately. Last of all devices: others keep their places. */
static void
add_balloon(Builder *builder)
{
    const MachineSpec *spec = builder->spec;
    if (spec->returns_memory && spec->memory_file == NULL &&
        builder->options->origin != START_CLONE)
        add(builder, "-device", "virtio-balloon-pci,free-page-reporting=on");
}

char **
qemu_command_build(const MachineSpec *spec, const QemuCommandOptions *options)
{
    Builder builder = {.argv = g_ptr_array_new(), .spec = spec, .options = options};
    g_ptr_array_add(builder.argv, g_strdup(options->program));
    add_machine(&builder);
    add_disk(&builder);
    add_screen_and_input(&builder);
    add_network(&builder);
    add_control(&builder);
    add_volumes(&builder);
    add_balloon(&builder);
    g_ptr_array_add(builder.argv, NULL);
    return (char **)g_ptr_array_free(builder.argv, FALSE);
}
