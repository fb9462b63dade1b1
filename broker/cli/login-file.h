/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * Where orielctl keeps who is signed in: $XDG_CONFIG_HOME/oriel/orielctl (0600), a key file with
 * the broker's address and the token. Read whole, replaced atomically.
 */
typedef struct {
    char *broker, *token; /* NULL when nobody is signed in */
} LoginFile;

gboolean login_file_load(LoginFile *login, GError **error);
gboolean login_file_save(const LoginFile *login, GError **error);
void login_file_clear(LoginFile *login); /* wipes the token */
