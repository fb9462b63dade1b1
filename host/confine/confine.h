/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <seccomp.h>

/*
 * How a program gives up what it does not need before it hears the first hostile byte: the
 * mechanics. Which files and which system calls is each program's own list (host/display/sandbox.c,
 * host/net/net-sandbox.c). All of it holds for the calling thread and those that it starts later,
 * and there is no way back. Errors: ORIEL_ERROR_FAILED; what the kernel took before holds.
 */

/* No core files, and no privileges by way of other programs: to be called before the others. */
gboolean confine_begin(GError **error);

/* --- files, by Landlock where the kernel has it (5.13), else not at all */

typedef enum {
    CONFINE_READ,      /* folders and what is in them */
    CONFINE_READ_FILE, /* these files alone */
    CONFINE_OWN,       /* folders: to make, read, write and remove files and sockets in */
} ConfineAccess;

typedef struct {
    const char *const *paths; /* ends with NULL; those that are not there are left out */
    ConfineAccess access;
} ConfinePlaces;

/* Whatever is not in one of the places is out of reach from now on. */
gboolean confine_files(const ConfinePlaces *places, gsize count, GError **error);

/* --- system calls, by seccomp: what to do where no rule says otherwise, the rules, and the end */

typedef struct {
    scmp_filter_ctx context;
    int status; /* the first failure: -errno, told by confine_filter_load() */
} ConfineFilter;

void confine_filter_init(ConfineFilter *filter, guint32 otherwise);
void confine_filter_add(ConfineFilter *filter, guint32 action, int number);
/* Where all of the (up to two) conditions hold. */
void confine_filter_add_when(ConfineFilter *filter, guint32 action, int number,
                             const struct scmp_arg_cmp *when, guint count);
/* From now on it holds. The filter is used up in any case. */
gboolean confine_filter_load(ConfineFilter *filter, GError **error);
