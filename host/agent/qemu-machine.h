/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "host/agent/accelerator.h"
#include "host/agent/provider.h"
#include "host/agent/settings.h"

/*
 * One machine that is a QEMU process of our own, with a private dbus-daemon for its screen, sound
 * and input. The functions are those of ProviderOps.
 */
Machine *qemu_machine_new(const ProviderOps *ops, const HostSettings *settings,
                          Accelerator accelerator, const MachineSpec *spec,
                          const MachineEvents *events, gpointer user);
void qemu_machine_free(Machine *machine);
void qemu_machine_start(Machine *machine, MachineOrigin origin);
gboolean qemu_machine_adopt(Machine *machine, gboolean watch_agent, MachineEnd *end, char **reason);
void qemu_machine_stop(Machine *machine, gboolean force);
void qemu_machine_suspend(Machine *machine);
void qemu_machine_go_on(Machine *machine);
gboolean qemu_machine_ask(Machine *machine);
void qemu_machine_fail(Machine *machine, const char *reason);
void qemu_machine_destroy(Machine *machine);
void qemu_machine_observe(Machine *machine, MachineStatus *status);
char *qemu_machine_display_source(Machine *machine);
char *qemu_machine_agent_socket(Machine *machine);
