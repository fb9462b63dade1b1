/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/agent/accelerator.h"

#include <linux/kvm.h>
#include <string.h>

static void
test_cpuinfo(void)
{
    g_assert_true(accelerator_cpuinfo_has_virtualization("model : x\nflags\t\t: fpu vmx sse\n"));
    g_assert_true(accelerator_cpuinfo_has_virtualization("flags\t\t: svm\n"));
    /* Words that only hold the letters, and lines that are not flags, do not count. */
    g_assert_false(accelerator_cpuinfo_has_virtualization("flags\t\t: fpu avmx svm_lock sse\n"));
    g_assert_false(accelerator_cpuinfo_has_virtualization("model name : vmx svm\n"));
    g_assert_false(accelerator_cpuinfo_has_virtualization(""));
}

static Accelerator
choose(AcceleratorFacts facts, const char *wanted, const char *reason_holds)
{
    g_autofree char *reason = NULL;
    Accelerator chosen = accelerator_choose(&facts, wanted, &reason);
    g_assert_nonnull(strstr(reason, reason_holds));
    return chosen;
}

static void
test_choice(void)
{
    const AcceleratorFacts good = {TRUE, TRUE, TRUE, KVM_API_VERSION};
    AcceleratorFacts facts = good;
    g_assert_cmpint(choose(good, "auto", "works"), ==, ACCELERATOR_KVM);
    g_assert_cmpint(choose(good, "tcg", "configuration"), ==, ACCELERATOR_TCG);
    facts.cpu_has_virtualization = FALSE;
    g_assert_cmpint(choose(facts, "auto", "vmx"), ==, ACCELERATOR_TCG);
    g_assert_cmpint(choose(facts, "kvm", "although"), ==, ACCELERATOR_KVM);
    facts = good;
    facts.device_exists = FALSE;
    g_assert_cmpint(choose(facts, "auto", "no /dev/kvm"), ==, ACCELERATOR_TCG);
    facts = good;
    facts.device_opens = FALSE;
    g_assert_cmpint(choose(facts, "auto", "cannot be opened"), ==, ACCELERATOR_TCG);
    facts = good;
    facts.api_version = 0;
    g_assert_cmpint(choose(facts, "auto", "interface"), ==, ACCELERATOR_TCG);
}

/* A device that opens and is no KVM: the probe has to say so. */
static void
test_probe(void)
{
    AcceleratorFacts facts;
    accelerator_read_facts(&facts, "/nonexistent", "/dev/null");
    g_assert_false(facts.cpu_has_virtualization);
    g_assert_true(facts.device_exists);
    g_assert_true(facts.device_opens);
    g_assert_cmpint(facts.api_version, ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/accelerator/cpuinfo", test_cpuinfo);
    g_test_add_func("/accelerator/choice", test_choice);
    g_test_add_func("/accelerator/probe", test_probe);
    return g_test_run();
}
