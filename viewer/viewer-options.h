/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "common/uri.h"

/* What the command line asks for. */
typedef struct {
    OrielUri *broker;  /* NULL: ask */
    char *file;        /* a .vv file; NULL: none */
    char *user;        /* NULL: ask */
    char *pool;        /* NULL: ask */
    char *password;    /* from stdin; wiped once used; NULL: ask */
    char *fingerprint; /* trusted at first use; NULL: ask */
    gboolean full_screen, kiosk;
} ViewerOptions;

/* NULL when there is nothing more to do: *exit_status says whether that is good (0: --help,
 * --version) or bad (2: usage, told on stderr). Reads stdin for --password-stdin. */
ViewerOptions *viewer_options_parse(int argc, char **argv, int *exit_status);
void viewer_options_forget_password(ViewerOptions *options);
void viewer_options_free(ViewerOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ViewerOptions, viewer_options_free)
