/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* What runs the guests' instructions: the processor itself (KVM), or QEMU's translator (TCG). */
typedef enum { ACCELERATOR_TCG, ACCELERATOR_KVM } Accelerator;

typedef struct {
    gboolean cpu_has_virtualization; /* vmx or svm is among the processor's flags */
    gboolean device_exists;          /* /dev/kvm */
    gboolean device_opens;           /* read-write, by us */
    int api_version; /* what KVM_GET_API_VERSION said; 0 when it could not be asked */
} AcceleratorFacts;

void accelerator_read_facts(AcceleratorFacts *facts, const char *cpuinfo_path,
                            const char *kvm_path);

/* TRUE when a line "flags : …" of /proc/cpuinfo's text holds vmx or svm as a word of its own. */
gboolean accelerator_cpuinfo_has_virtualization(const char *cpuinfo);

/* KVM only where it truly works: a /dev/kvm on a processor that shows neither vmx nor svm hangs
 * ordinary guests. wanted is "auto", "kvm" or "tcg"; reason becomes a sentence (the caller frees
 * it). */
Accelerator accelerator_choose(const AcceleratorFacts *facts, const char *wanted, char **reason);

const char *accelerator_word(Accelerator accelerator);
