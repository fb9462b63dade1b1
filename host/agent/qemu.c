/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qemu.h"

#include "host/agent/qemu-command.h"
#include "host/agent/qemu-machine.h"

#include <gio/gio.h>
#include <string.h>
#include <sys/stat.h>

typedef struct {
    Provider base;
    const HostSettings *settings;
    Accelerator accelerator;
    char *accelerator_reason, *version, *cpu;
    ProviderFacts facts;
    /* The program that version was asked of: an update puts another file in its place. */
    struct timespec program_changed;
    ino_t program_inode;
} QemuProvider;

/* The processor that guests see. TCG's depends on nothing but QEMU. */
static char *
describe_cpu(Accelerator accelerator)
{
    g_autofree char *text = NULL;
    if (accelerator == ACCELERATOR_TCG)
        return g_strdup("max");
    g_file_get_contents("/proc/cpuinfo", &text, NULL, NULL);
    const char *line = text != NULL ? strstr(text, "model name") : NULL;
    const char *value = line != NULL ? strchr(line, ':') : NULL;
    if (value == NULL)
        return g_strdup("host");
    g_autofree char *name = g_strndup(value + 1, strcspn(value + 1, "\n"));
    return g_strdup_printf("host (%s)", g_strstrip(name));
}

/* "7.2.22 (Debian 1:7.2+dfsg-7+deb12u18), machine 1": QEMU's word, and ours on its devices; "" when
 * it cannot be asked. */
static char *
read_version(const char *program)
{
    static const char mark[] = "version ";
    const char *const argv[] = {program, "--version", NULL};
    g_autofree char *output = NULL;
    if (!g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL,
                      NULL, NULL, &output, NULL, NULL, NULL))
        return g_strdup("");
    const char *at = strstr(output, mark);
    if (at == NULL)
        return g_strdup("");
    at += sizeof mark - 1;
    g_autofree char *version = g_strndup(at, strcspn(at, "\n"));
    g_autofree char *valid = g_utf8_make_valid(version, -1);
    return g_strdup_printf("%s, machine %d", valid, QEMU_MACHINE_LAYOUT);
}

static const ProviderFacts *
qemu_facts(Provider *base)
{
    QemuProvider *provider = (QemuProvider *)base;
    g_autofree char *path = g_find_program_in_path(provider->settings->qemu_program);
    struct stat info = {0};
    if (path != NULL && stat(path, &info) != 0)
        info = (struct stat){0};
    if (provider->version == NULL || info.st_ino != provider->program_inode ||
        info.st_ctim.tv_sec != provider->program_changed.tv_sec ||
        info.st_ctim.tv_nsec != provider->program_changed.tv_nsec) {
        g_free(provider->version);
        provider->version = read_version(provider->settings->qemu_program);
        provider->program_inode = info.st_ino;
        provider->program_changed = info.st_ctim;
    }
    provider->facts = (ProviderFacts){.name = "qemu",
                                      .version = provider->version,
                                      .cpu = provider->cpu,
                                      .accelerator = accelerator_word(provider->accelerator),
                                      .accelerator_reason = provider->accelerator_reason};
    return &provider->facts;
}

static const ProviderOps qemu_ops;

static Machine *
qemu_new_machine(Provider *base, const MachineSpec *spec, const MachineEvents *events,
                 gpointer user)
{
    QemuProvider *provider = (QemuProvider *)base;
    return qemu_machine_new(&qemu_ops, provider->settings, provider->accelerator, spec, events,
                            user);
}

static void
qemu_provider_free(Provider *base)
{
    QemuProvider *provider = (QemuProvider *)base;
    g_free(provider->accelerator_reason);
    g_free(provider->version);
    g_free(provider->cpu);
    g_free(provider);
}

static const ProviderOps qemu_ops = {.machine_new = qemu_new_machine,
                                     .machine_free = qemu_machine_free,
                                     .start = qemu_machine_start,
                                     .adopt = qemu_machine_adopt,
                                     .stop = qemu_machine_stop,
                                     .suspend = qemu_machine_suspend,
                                     .go_on = qemu_machine_go_on,
                                     .ask = qemu_machine_ask,
                                     .fail = qemu_machine_fail,
                                     .destroy = qemu_machine_destroy,
                                     .observe = qemu_machine_observe,
                                     .display_source = qemu_machine_display_source,
                                     .agent_socket = qemu_machine_agent_socket,
                                     .facts = qemu_facts,
                                     .provider_free = qemu_provider_free};

Provider *
qemu_provider_new(const HostSettings *settings)
{
    QemuProvider *provider = g_new0(QemuProvider, 1);
    AcceleratorFacts facts;
    accelerator_read_facts(&facts, "/proc/cpuinfo", "/dev/kvm");
    provider->base.ops = &qemu_ops;
    provider->settings = settings;
    provider->accelerator =
        accelerator_choose(&facts, settings->accelerator, &provider->accelerator_reason);
    provider->cpu = describe_cpu(provider->accelerator);
    return &provider->base;
}
