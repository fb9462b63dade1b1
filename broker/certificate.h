/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <openssl/x509.h>

/* Keys and certificates as OpenSSL has them, for authority.c. Errors name the file and carry
 * OpenSSL's reason. Any thread. */

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509, X509_free)

EVP_PKEY *certificate_key_new(GError **error);
EVP_PKEY *certificate_key_load(const char *file, GError **error);
/* Mode 0600, replaced as a whole. */
gboolean certificate_key_save(EVP_PKEY *key, const char *file, GError **error);

/* What a certificate says. */
typedef struct {
    const char *common_name;
    const char *alternative_names; /* OpenSSL's words, "DNS:localhost,IP:127.0.0.1"; NULL for an
                                      authority */
    int days;
} CertificateSpec;

/* Signed by issuer with issuer_key; by key itself where issuer is NULL. */
X509 *certificate_new(const CertificateSpec *spec, EVP_PKEY *key, X509 *issuer,
                      EVP_PKEY *issuer_key, GError **error);
/* The first certificate in a file. */
X509 *certificate_load(const char *file, GError **error);
/* Owned by the caller. */
char *certificate_pem(X509 *certificate);
char *certificate_fingerprint(X509 *certificate);
/* "DNS:localhost, IP Address:127.0.0.1", or "". */
char *certificate_names(X509 *certificate);
