/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/*
 * What a program wants to know about a server's certificate. A chain is the leaf, with its issuers
 * as the server sent them behind g_tls_certificate_get_issuer(). Certificates are whatever a peer
 * sent: nothing here trusts them. Thread-safe.
 */

/* SHA-256 over the certificate's DER form, "AB:CD:…" (95 characters), as openssl and browsers write
 * it. Free with g_free(). */
char *tls_fingerprint(GTlsCertificate *certificate);

/* A fingerprint that a person typed or pasted (any case; colons or blanks between the bytes, or
 * none; "SHA256:" in front is fine) in the form of tls_fingerprint(); NULL when it is not 32 bytes
 * in hexadecimal. Free with g_free(). */
char *tls_fingerprint_normalise(const char *text);

/* The certificate to remember about a chain: the last issuer that was sent, if the leaf verifies
 * against it, else the leaf. */
GTlsCertificate *tls_chain_authority(GTlsCertificate *chain);

/* Does the leaf chain to authority (or is it authority itself), is it valid now, and does it name
 * host? 0 or the errors found. host may be a name or an IP address; NULL skips that check. */
GTlsCertificateFlags tls_chain_verify(GTlsCertificate *chain, GTlsCertificate *authority,
                                      const char *host);

/* Valid now, by its own dates? */
gboolean tls_certificate_in_date(GTlsCertificate *certificate);
