/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/gateway/spice-link.h"

/*
 * The RSA key that a SPICE client encrypts its password with. The protocol demands 1024 bits and
 * OAEP with SHA-1; the password travels inside TLS, so the key guards nothing by itself. Made anew
 * at each start.
 */

typedef struct SpiceKey SpiceKey;

SpiceKey *spice_key_new(GError **error);
void spice_key_free(SpiceKey *key);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SpiceKey, spice_key_free)

const guint8 *spice_key_public(SpiceKey *key); /* SPICE_LINK_KEY_SIZE bytes */

/* The password, NUL-terminated, owned by the caller, who wipes it; NULL when it is none of ours. */
char *spice_key_decrypt(SpiceKey *key, const guint8 ticket[SPICE_LINK_TICKET_SIZE]);

/* Encrypts the empty password for another's key. FALSE when that key is no 1024 bit RSA key. */
gboolean spice_key_encrypt_empty(const guint8 key[SPICE_LINK_KEY_SIZE],
                                 guint8 ticket[SPICE_LINK_TICKET_SIZE]);
