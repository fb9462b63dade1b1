/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "host/agent/settings.h"

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

/* What a desktop may take at most; 0: no limit. */
typedef struct {
    guint disk_gib;    /* the disk that the guest sees; never less than its image's */
    guint disk_iops;   /* a second */
    guint disk_mibps;  /* MiB a second */
    guint net_mbps;    /* Mbit a second */
    guint cpu_percent; /* 100 is one processor */
} MachineLimits;

typedef enum {
    START_COLD,   /* boots */
    START_CLONE,  /* wakes from a template's memory */
    START_RESUME, /* goes on from its own, which suspend() saved */
} MachineOrigin;

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
    char *template_dir;  /* for START_CLONE: disk.qcow2, memory and state of its template */
    char *memory_file;   /* a template in the making: its memory lies in this file; else NULL */
    const char *vnc;     /* of one that runs elsewhere: HOST:PORT; "" for all others */
    char *saved_file;    /* what suspend() writes and START_RESUME reads */
    MachineLimits limits;
    gboolean returns_memory; /* its guest gives back what it frees: it booted with that device */
    char **volume_disks;     /* qcow2 files of its volumes, and … */
    char **volume_serials; /* … their serial numbers; both end with NULL, and are NULL for none */
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
    MACHINE_SUSPENDED, /* as suspend() was to do: saved_file is there, whole */
} MachineEnd;

typedef struct {
    /* It has come to this step. From STEP_BOOT on it runs and its screen can be watched.
     * STEP_READY: its agent says the desktop stands. */
    void (*step)(gpointer user, DesktopStep step);
    /* What took the time of a start, for people: NAME is done now. */
    void (*mark)(gpointer user, const char *name);
    /* suspend() did not work; the machine runs on. */
    void (*suspend_failed)(gpointer user, const char *reason);
    /* Its guest stands still for want of room on this host's disk, and loses nothing (TRUE), until
     * go_on() helps (FALSE: it runs again). */
    void (*held)(gpointer user, gboolean held);
    /* It answers: it was asked by ask(), or can be spoken to (again). May be NULL. */
    void (*answered)(gpointer user);
    /* It does not run (any more); nothing of it is left but its disk. reason is a sentence. */
    void (*ended)(gpointer user, MachineEnd end, const char *reason);
    /* destroy() is through: nothing runs any more, and its folders may be removed. */
    void (*destroyed)(gpointer user);
} MachineEvents;

/* What carries a machine's network, where that is a process of its own. */
typedef struct {
    const char *state; /* "running", "restarting", "failed"; NULL: there is none */
    pid_t pid;         /* 0: none */
    guint restarts;    /* since the machine's start, or since this host took it up */
    guint64 sent_bytes, received_bytes; /* by the guest, since the machine's start */
} MachineNetwork;

typedef struct {
    gboolean running;
    pid_t pid; /* 0: none */
    MachineNetwork network;
    gboolean agent_answers; /* an agent inside has been heard since the start */
} MachineStatus;

/* What a template's memory fits to: a change of any of these spoils it. */
typedef struct {
    const char *name, *version, *cpu, *accelerator;
    const char *accelerator_reason; /* a sentence */
} ProviderFacts;

typedef struct Machine Machine;
typedef struct Provider Provider;

typedef struct {
    /* spec stays the caller's and must outlive the machine. */
    Machine *(*machine_new)(Provider *provider, const MachineSpec *spec,
                            const MachineEvents *events, gpointer user);
    /* Forgets it; what runs goes on running. */
    void (*machine_free)(Machine *machine);
    /* Makes the disk where there is none, and starts it. A clone and a resumed one are STEP_BOOT as
     * soon as their screen can be watched, and STEP_READY when their guest runs and (a clone) has
     * an identity of its own. saved_file is gone from the moment the guest runs, and not before. */
    void (*start)(Machine *machine, MachineOrigin origin);
    /* After our own restart: takes up what runs. FALSE when nothing does: then end and reason (the
     * caller frees it) tell what became of it. watch_agent: it was not ready yet. */
    gboolean (*adopt)(Machine *machine, gboolean watch_agent, MachineEnd *end, char **reason);
    /* Asks the system inside to end, or ends it at once. */
    void (*stop)(Machine *machine, gboolean force);
    /* Saves its memory and ends it: ended(MACHINE_SUSPENDED) or suspend_failed(). After an adoption
     * this goes on with what was begun. */
    void (*suspend)(Machine *machine);
    /* After held(TRUE): tries again. NULL where held() never comes. */
    void (*go_on)(Machine *machine);
    /* Asks it for a sign of life, and answered() tells when that came; to ask again before is the
     * same question. FALSE: nothing is to be expected of it now, as while it starts or saves its
     * memory. NULL where nobody can be asked. */
    gboolean (*ask)(Machine *machine);
    /* Ends it, and ended() tells this reason as a failure. */
    void (*fail)(Machine *machine, const char *reason);
    /* Ends it at once; its disk may be thrown away. Only destroyed() comes after this. */
    void (*destroy)(Machine *machine);
    void (*observe)(Machine *machine, MachineStatus *status);
    /* The "--source" of oriel-display. */
    char *(*display_source)(Machine *machine);
    /* The socket of the guest's SPICE agent, or NULL when it has none. */
    char *(*agent_socket)(Machine *machine);
    /* Borrowed, until the next call. */
    const ProviderFacts *(*facts)(Provider *provider);
    void (*provider_free)(Provider *provider);
} ProviderOps;

/* The provider that the configuration names. settings must outlive it. */
Provider *provider_new(const HostSettings *settings);

/* A provider's and a machine's first member. */
struct Provider {
    const ProviderOps *ops;
};
struct Machine {
    const ProviderOps *ops;
};
