/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * The broker's own certificate authority and the server certificate it signs, both ECDSA P-256,
 * kept in the state folder:
 *
 *     ca.key ca.pem          the authority: made once, for 20 years
 *     server.key server.pem  the broker's, followed by the authority's; for 397 days, made anew 60
 * days before its end, and when the names change
 *
 * Keys are 0600. Main thread only.
 */

typedef struct Authority Authority;

/* folder is there and 0700. public_name may be NULL: then the machine's host name is the
 * certificate's common name. */
Authority *authority_open(const char *folder, const char *public_name, GError **error);
void authority_free(Authority *authority);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Authority, authority_free)

/* Makes a new server certificate where the present one is near its end. *renewed says whether it
 * did. */
gboolean authority_renew(Authority *authority, gboolean *renewed, GError **error);

const char *authority_certificate_file(Authority *authority); /* server.pem: leaf, then authority */
const char *authority_key_file(Authority *authority);
const char *authority_ca_pem(Authority *authority); /* as text */
const char *
authority_subject(Authority *authority); /* the leaf's, as virt-viewer's host-subject wants it */
const char *authority_fingerprint(Authority *authority); /* SHA-256 of the leaf, AB:CD:… */
