/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "accelerator.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

gboolean
accelerator_cpuinfo_has_virtualization(const char *cpuinfo)
{
    g_auto(GStrv) lines = g_strsplit(cpuinfo, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        if (!g_str_has_prefix(*line, "flags"))
            continue;
        g_auto(GStrv) words = g_strsplit_set(*line, " \t:", -1);
        if (g_strv_contains((const char *const *)words, "vmx") ||
            g_strv_contains((const char *const *)words, "svm"))
            return TRUE;
    }
    return FALSE;
}

void
accelerator_read_facts(AcceleratorFacts *facts, const char *cpuinfo_path, const char *kvm_path)
{
    g_autofree char *cpuinfo = NULL;
    *facts = (AcceleratorFacts){0};
    if (g_file_get_contents(cpuinfo_path, &cpuinfo, NULL, NULL))
        facts->cpu_has_virtualization = accelerator_cpuinfo_has_virtualization(cpuinfo);
    facts->device_exists = access(kvm_path, F_OK) == 0;
    int fd = open(kvm_path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    facts->device_opens = TRUE;
    int version = ioctl(fd, KVM_GET_API_VERSION, 0);
    facts->api_version = MAX(version, 0);
    close(fd);
}

/* Why KVM cannot be used, or NULL when it can. */
static const char *
kvm_obstacle(const AcceleratorFacts *facts)
{
    if (!facts->device_exists)
        return "there is no /dev/kvm";
    if (!facts->cpu_has_virtualization)
        return "the processor shows neither vmx nor svm, so guests could hang in KVM";
    if (!facts->device_opens)
        return "/dev/kvm cannot be opened for reading and writing by this user";
    if (facts->api_version != KVM_API_VERSION)
        return "/dev/kvm does not speak the interface that QEMU needs";
    return NULL;
}

Accelerator
accelerator_choose(const AcceleratorFacts *facts, const char *wanted, char **reason)
{
    const char *obstacle = kvm_obstacle(facts);
    if (g_str_equal(wanted, "tcg")) {
        *reason = g_strdup("The configuration asks for TCG.");
        return ACCELERATOR_TCG;
    }
    if (g_str_equal(wanted, "kvm")) {
        *reason = obstacle == NULL
                      ? g_strdup("The configuration asks for KVM.")
                      : g_strdup_printf("The configuration asks for KVM although %s.", obstacle);
        return ACCELERATOR_KVM;
    }
    if (obstacle == NULL) {
        *reason = g_strdup("The processor can virtualize and /dev/kvm works.");
        return ACCELERATOR_KVM;
    }
    *reason = g_strdup_printf("KVM is not used because %s.", obstacle);
    return ACCELERATOR_TCG;
}

const char *
accelerator_word(Accelerator accelerator)
{
    return accelerator == ACCELERATOR_KVM ? "kvm" : "tcg";
}
