/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "host/agent/provider.h"

/*
 * The oriel-net of one desktop, which carries its network between QEMU's socket RUN/UUID/net and
 * the world. It is started once QEMU listens, watched, started again when it dies (the guest runs
 * on; its connections to the world are lost), and found again after our own end. It ends by itself
 * when QEMU does. Main-context object.
 */
typedef struct NetProcess NetProcess;

/* Takes up the one that runs, or starts one; keeps trying when that does not work. spec and
 * settings are borrowed for its life. */
NetProcess *net_process_new(const HostSettings *settings, const MachineSpec *spec);
/* What runs goes on running. NULL is fine. */
void net_process_free(NetProcess *net);

/* Ends it. TRUE: gone() follows from the main loop, once, when nothing of it runs any more (asking
 * again while it ends is the same command). FALSE: nothing runs, and nothing will. */
gboolean net_process_end(NetProcess *net, void (*gone)(gpointer user), gpointer user);

/* What is left of one without a machine: ends it, and removes its files. */
void net_process_kill(const char *run_dir);

void net_process_observe(const NetProcess *net, MachineNetwork *network);
