/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "host/agent/provider.h"
#include "host/agent/settings.h"

/*
 * A provider for tests of everything above it: its machines are processes that sleep, with real
 * disks and files of a few bytes for their memory, and they behave as a script says. settings must
 * outlive it.
 *
 * The script (settings->simulated_script, JSON) is read anew for each operation:
 *     {"version": "1", "rules": [{"on": OPERATION, "machine": NAME?, "delay_ms": N?, "fail":
 * TEXT?}]} The first rule that fits counts. OPERATION: boot, clone, identity, resume, suspend,
 * write, answer. A machine's NAME is its desktop's or template's.
 */
Provider *simulated_provider_new(const HostSettings *settings);
