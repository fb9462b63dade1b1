/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "host/agent/guest-agent.h"
#include "host/agent/guest-exec.h"
#include "host/agent/guest-identity.h"
#include "host/agent/net-process.h"
#include "host/agent/private-bus.h"
#include "host/agent/process.h"
#include "host/agent/qemu-machine.h"
#include "host/agent/qemu-snapshot.h"
#include "host/agent/qmp.h"
#include "host/agent/retry.h"

/*
 * What the parts of a machine share: qemu-machine.c starts it and speaks QMP, qemu-warm.c saves and
 * restores its memory, qemu-home.c gives it its user's home, qemu-end.c sees it out. Nobody else
 * includes this.
 */
typedef enum {
    PHASE_IDLE,
    PHASE_BEGIN, /* the disk is made; what an earlier host left behind ends */
    PHASE_BUS,   /* dbus-daemon starts */
    PHASE_QMP,   /* QEMU starts, or an adopted one is being spoken to */
    PHASE_RESTORE,
    PHASE_RUNNING,
    PHASE_SAVING,
    PHASE_ENDED, /* QEMU is gone; its last words are read */
} Phase;

typedef struct {
    Machine base;
    const HostSettings *settings;
    Accelerator accelerator;
    const MachineSpec *spec;
    const MachineEvents *events;
    gpointer user;

    Phase phase;
    MachineOrigin origin;
    gboolean adopted;
    PrivateBus *bus;
    Process *qemu, *leftover; /* leftover: of an earlier host, on its way out */
    NetProcess *net;          /* from the moment QEMU listens for it */
    Qmp *qmp;
    QemuSnapshot *snapshot;
    GuestAgent *agent;
    GuestIdentity *identity;
    GuestExec *exec;
    Retry *poll; /* waits for QEMU's socket */
    guint stop_timer;
    guint idle; /* tells an end from the main loop */

    /* Why it ends, as far as is known. */
    gboolean stop_asked, suspend_asked, suspended, guest_shut_down, guest_panicked, destroying;
    char *failure;
    ProcessEnd end;

    gboolean watch_agent, agent_answers;
    gboolean asking;     /* whether it answers, and has not yet */
    gboolean held;       /* its guest stands still for want of room on the disk */
    gboolean in_use;     /* it has been ready: somebody may have worked in it */
    gboolean home_asked; /* whoever gives the clone its identity gives it its home, too */
} QemuMachine;

/* "restored", for who counts the time. */
void qemu_machine_mark(QemuMachine *machine, const char *name);

/* --- qemu-end.c */

/* Everything of this machine is gone: cleans up and tells once. */
void qemu_machine_conclude(QemuMachine *machine);
/* Ends before or without a QEMU; told from the main loop. failure may be NULL. */
void qemu_machine_conclude_later(QemuMachine *machine, const char *failure);
/* SIGTERM lets QEMU write out its disks; SIGKILL follows. What comes of it is told by the end. */
void qemu_machine_end(QemuMachine *machine);
/* The same, and ended() tells this reason. */
void qemu_machine_fail_with(QemuMachine *machine, const char *failure);
/* The same, with what the guest's agent tells. */
void qemu_machine_fail_as_told(QemuMachine *machine);
/* The last of QEMU: a ProcessEnded. */
void qemu_machine_on_ended(Process *process, const ProcessEnd *end, gpointer user);
/* Frees what speaks to QEMU or its guest, and every timer. */
void qemu_machine_drop_talk(QemuMachine *machine);
void qemu_machine_kill_bus(QemuMachine *machine);
/* Sockets and the pid file. */
void qemu_machine_remove_run_files(QemuMachine *machine);

/* --- qemu-warm.c */

/* QMP is up in a QEMU that waits for its memory: reads it, lets the guest run, and gives a clone
 * its identity. */
void qemu_machine_restore(QemuMachine *machine);
/* The machine runs: a template's guest is quieted, and the memory saved. */
void qemu_machine_begin_saving(QemuMachine *machine);
/* The same for an adopted one that an earlier host began to save; status is QEMU's. */
void qemu_machine_take_up_saving(QemuMachine *machine, const char *status);

/* --- qemu-home.c */

gboolean qemu_machine_has_volumes(const QemuMachine *machine);
/* The guest's agent answers: puts the user's home on the first volume. The desktop is ready, or
 * fails, when that is through. */
void qemu_machine_give_home(QemuMachine *machine);
/* Before the end: what the user wrote is brought to the volumes, and QEMU killed when that is done
 * or takes too long. FALSE: there is nothing to wait for. */
gboolean qemu_machine_leave_home(QemuMachine *machine);
