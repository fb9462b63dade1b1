/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

#include "broker/store/store.h"

/* A folder for one test, and a store in it. */
typedef struct {
    char *folder;
    Store *store; /* at the newest schema */
} Scratch;

void scratch_init(Scratch *scratch);
/* Removes the folder with all that is in it. */
void scratch_clear(Scratch *scratch);
/* A path in it; owned by the caller. */
char *scratch_path(Scratch *scratch, const char *name);
/* Runs the main loop until the flag is TRUE; fails the test after 10 s. */
void scratch_wait(const gboolean *flag);
