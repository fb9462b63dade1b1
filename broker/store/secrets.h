/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * What a database must hold and nobody may read in it: sealed with XChaCha20-Poly1305 by a key that
 * lies beside the broker's certificate, in secrets.key of the state folder (0600; made at first
 * use). So a copy of the database alone gives nothing away.
 *
 * The file has a key a line, 64 hexadecimal digits; blank lines and those with # do not count. The
 * first key seals, every one opens: to change it, put a new one in front; what is old is sealed
 * anew at the next start, and the old key may go. Main thread only.
 */

typedef struct Secrets Secrets;

/* folder is there and 0700. ORIEL_ERROR_INVALID for a file that has no keys in it. */
Secrets *secrets_open(const char *folder, GError **error);
/* Wipes the keys. */
void secrets_free(Secrets *secrets);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Secrets, secrets_free)

/* text, sealed for owner: what names the place it is kept at, so that it opens in no other. Text of
 * letters, digits and “+/=:”, owned by the caller. */
char *secrets_seal(Secrets *secrets, const char *text, const char *owner);

/* The text, owned by the caller: wipe it. ORIEL_ERROR_FAILED when no key opens it: another key,
 * another owner, or damaged. */
char *secrets_unseal(Secrets *secrets, const char *sealed, const char *owner, GError **error);

/* Whether the first key sealed it. */
gboolean secrets_is_current(Secrets *secrets, const char *sealed);
