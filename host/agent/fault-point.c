/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fault-point.h"

#include <glib.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define VARIABLE "ORIEL_HOST_DIES_AT"

const char *const fault_points[] = {
    "template-accepted",  /* its record is there, its making is not */
    "template-recorded",  /* its making is recorded, its machine is not */
    "template-frozen",    /* its files are there, its record says "making" */
    "template-published", /* its record says "ready", the old generation is there */
    "clone-accepted",     /* its record is there, nothing else */
    "clone-disk",         /* its disk is made */
    "clone-restored",     /* it runs, and is its template's twin */
    "clone-named",        /* it is itself; its record says "starting" */
    "suspend-recorded",   /* its record says "suspending", it runs */
    "suspend-saved",      /* its memory is saved, its record says "suspending" */
    "suspend-done",       /* its record says "suspended" */
    "resume-recorded",    /* its record says "starting", its memory is in the file */
    "resume-restored",    /* its memory is read */
    "resume-running",     /* it runs, its record says "starting" */
    "delete-recorded",    /* its record says that it goes */
    "delete-ended",       /* nothing of it runs; its folders are there */
    NULL,
};

void
fault_point(const char *name)
{
    const char *wanted = getenv(VARIABLE);
    if (wanted != NULL && g_str_equal(wanted, name))
        kill(getpid(), SIGKILL);
}
