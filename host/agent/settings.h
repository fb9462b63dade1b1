/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* What the administrator chose: host.conf, group [host], and over it the command line. */
typedef struct {
    char *name;         /* name: of this host, for people; else the machine's own */
    char *state_dir;    /* state-dir */
    char *run_dir;      /* run-dir: short, for the sockets in it */
    char *socket;       /* socket: of the API */
    gid_t socket_group; /* socket-group: may call the API; (gid_t)-1: only the owner's group */
    char *display_program, *net_program, *qemu_program, *qemu_img_program,
        *dbus_program;      /* NAME-program */
    char *provider;         /* provider: "qemu", or "simulated" for tests */
    char *simulated_script; /* simulated-script: how simulated machines behave; "" for none */
    char *accelerator;      /* accelerator: auto, kvm or tcg */
    gboolean network;       /* network: "isolated" (FALSE) or "nat": guests reach the network */
    int max_desktops;       /* max-desktops: of all states */
    int memory_reserve_mib; /* memory-reserve: what desktops leave to the host itself */
    int disk_reserve_mib;   /* disk-reserve: with less left of the disk there are no new desktops */
    int answer_timeout_s; /* answer-timeout: after this long without an answer a machine is told to
                             be stuck; 0: it is not asked */
    int agent_wait_s;     /* agent-wait: after this long without an agent a still, graphical screen
                             is a desktop; 0: as the accelerator suggests */
    int start_timeout_s;  /* start-timeout: how long a desktop may take to become ready; 0: for ever
                           */
    int stop_timeout_s;   /* stop-timeout: from the power button to the end by force;
                                0: as the accelerator suggests */
} HostSettings;

typedef struct {
    char *config, *state_dir, *run_dir, *socket; /* NULL: not given */
} HostOptions;

HostSettings *host_settings_load(const HostOptions *options, GError **error);
void host_settings_free(HostSettings *settings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostSettings, host_settings_free)
