/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "provider.h"

#include "host/agent/qemu.h"
#include "host/agent/simulated.h"

static const struct {
    const char *name;
    Provider *(*create)(const HostSettings *settings);
} providers[] = {
    {"qemu", qemu_provider_new},
    {"simulated", simulated_provider_new},
};

Provider *
provider_new(const HostSettings *settings)
{
    for (gsize i = 0; i < G_N_ELEMENTS(providers); i++)
        if (g_str_equal(providers[i].name, settings->provider))
            return providers[i].create(settings);
    return NULL;
}
