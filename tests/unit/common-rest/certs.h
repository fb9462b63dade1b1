/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/* Real certificates, made when a test needs them. Ends the test program when GnuTLS fails. */

typedef struct TestIssuer TestIssuer;

/* A certificate authority that signed itself. */
TestIssuer *test_issuer_new(const char *name);
void test_issuer_free(TestIssuer *issuer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TestIssuer, test_issuer_free)

/* The authority's own certificate, as GIO sees it. */
GTlsCertificate *test_issuer_certificate(TestIssuer *issuer);

/* A server certificate with its key for this DNS name or IP address, valid from..until seconds
 * relative to now. The authority's certificate stands behind it as its issuer when with_chain. */
GTlsCertificate *test_issuer_sign(TestIssuer *issuer, const char *host, int from, int until,
                                  gboolean with_chain);

/* A server certificate that signed itself. */
GTlsCertificate *test_self_signed(const char *host);

/* What a client sees of such a certificate: no key, the same chain; with stranger, that one as the
 * (wrong) issuer. */
GTlsCertificate *test_as_sent(GTlsCertificate *leaf, GTlsCertificate *stranger);
