/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "host/agent/accelerator.h"
#include "host/agent/provider.h"

/* Everything QEMU's command line depends on besides the desktop itself. */
typedef struct {
    const char *program;
    Accelerator accelerator;
    gboolean direct_boot; /* the image brings its kernel and initrd */
    MachineOrigin origin; /* a machine that is restored waits for its memory */
} QemuCommandOptions;

/* Which devices, where: what one machine has saved another reads only if this is the same. To be
 * raised with each change of it; templates are then made anew. */
#define QEMU_MACHINE_LAYOUT 4

/*
 * QEMU's command line for a desktop: a pure function of its arguments (free with g_strfreev).
 * Values that may hold a comma are escaped, so no name or path can add an option. There are no
 * secrets in it: the sockets it names lie in a folder of mode 0700.
 */
char **qemu_command_build(const MachineSpec *spec, const QemuCommandOptions *options);

/* The sockets' paths under the desktop's run folder: NAME is bus, qmp, qmp2, qga, vdagent or net.
 */
char *qemu_socket_path(const MachineSpec *spec, const char *name);
