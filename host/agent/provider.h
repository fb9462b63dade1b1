/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <sys/types.h>

/*
 * What runs a desktop's machine: our own QEMU, and later libvirt or a cloud. desktop.c drives one
 * machine through this small face and knows nothing of what is behind it. Everything is
 * asynchronous on the main loop; events never come from inside a call.
 */

/* The longest name, title and kernel command line that are taken. */
#define MACHINE_MAX_NAME    128
#define MACHINE_MAX_CMDLINE 2048

typedef struct {
    char *id;   /* a UUID: also the name of its folders */
    char *name; /* for people */
    guint cpus;
    guint memory_mib;
    guint width, height; /* of the screen at the start */
    char *image_dir;     /* disk.qcow2 and, for a direct boot, kernel and initrd */
    char *cmdline;       /* of the kernel; "" for none */
    char *state_dir;     /* the desktop's own: disk and logs */
    char *run_dir;       /* the desktop's own: sockets and pid files */
} MachineSpec;

typedef enum {
    STEP_DISK,    /* its disk is made */
    STEP_MACHINE, /* the programs start */
    STEP_BOOT,    /* it runs; its system starts */
    STEP_DESKTOP, /* its agent answers; the desktop starts */
    STEP_READY,
} DesktopStep;

typedef enum {
    MACHINE_STOPPED, /* as somebody wished: from here or from within */
    MACHINE_FAILED,
} MachineEnd;

typedef struct {
    /* It has come to this step. From STEP_BOOT on it runs and its screen can be watched.
     * STEP_READY: its agent says the desktop stands. */
    void (*step)(gpointer user, DesktopStep step);
    /* It does not run (any more); nothing of it is left but its disk. reason is a sentence. */
    void (*ended)(gpointer user, MachineEnd end, const char *reason);
    /* destroy() is through: nothing runs any more, and its folders may be removed. */
    void (*destroyed)(gpointer user);
} MachineEvents;

typedef struct {
    gboolean running;
    pid_t pid;              /* 0: none */
    gboolean agent_answers; /* an agent inside has been heard since the start */
} MachineStatus;

typedef struct Machine Machine;
typedef struct Provider Provider;

typedef struct {
    /* spec stays the caller's and must outlive the machine. */
    Machine *(*machine_new)(Provider *provider, const MachineSpec *spec,
                            const MachineEvents *events, gpointer user);
    /* Forgets it; what runs goes on running. */
    void (*machine_free)(Machine *machine);
    /* Makes the disk where there is none, and starts it. */
    void (*start)(Machine *machine);
    /* After our own restart: takes up what runs. FALSE when nothing does: then end and reason (the
     * caller frees it) tell what became of it. watch_agent: it was not ready yet. */
    gboolean (*adopt)(Machine *machine, gboolean watch_agent, MachineEnd *end, char **reason);
    /* Asks the system inside to end, or ends it at once. */
    void (*stop)(Machine *machine, gboolean force);
    /* Ends it, and ended() tells this reason as a failure. */
    void (*fail)(Machine *machine, const char *reason);
    /* Ends it at once; its disk may be thrown away. Only destroyed() comes after this. */
    void (*destroy)(Machine *machine);
    void (*observe)(Machine *machine, MachineStatus *status);
    /* The "--source" of oriel-display. */
    char *(*display_source)(Machine *machine);
    /* The socket of the guest's SPICE agent, or NULL when it has none. */
    char *(*agent_socket)(Machine *machine);
    const char *(*accelerator)(Provider *provider);
    const char *(*accelerator_reason)(Provider *provider);
    void (*provider_free)(Provider *provider);
} ProviderOps;

/* A provider's and a machine's first member. */
struct Provider {
    const ProviderOps *ops;
};
struct Machine {
    const ProviderOps *ops;
};
