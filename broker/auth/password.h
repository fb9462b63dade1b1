/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * Password hashes: argon2id with 64 MiB and 2 passes (about 80 ms of one core). Thread-safe and
 * slow: the broker's main thread goes through password-pool.h.
 */

/* Bytes. The upper bound keeps a client from having megabytes hashed. */
#define PASSWORD_MIN 8
#define PASSWORD_MAX 1024

/* ORIEL_ERROR_INVALID, with a sentence for the person who chose it. */
gboolean password_check_policy(const char *password, const char *user_name, GError **error);

/* Owned by the caller. ORIEL_ERROR_BUSY when the memory is not to be had. */
char *password_hash(const char *password, GError **error);

/* hash NULL or "": does the same work for nobody, so that time does not tell whether a user exists.
 */
gboolean password_verify(const char *hash, const char *password);

/* Overwrites and frees; NULL is fine. */
void password_wipe(char *password);
