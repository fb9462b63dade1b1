/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "certs.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>

#define DAY (24 * 3600)

struct TestIssuer {
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t crt;
};

static void
check(int code)
{
    if (code < 0)
        g_error("GnuTLS: %s", gnutls_strerror(code));
}

static gnutls_x509_privkey_t
new_key(void)
{
    gnutls_x509_privkey_t key;
    check(gnutls_x509_privkey_init(&key));
    check(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
                                       GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
    return key;
}

static gnutls_x509_crt_t
new_crt(gnutls_x509_privkey_t key, const char *name, int from, int until)
{
    gnutls_x509_crt_t crt;
    guint32 serial = g_random_int() >> 1;
    time_t now = time(NULL);
    check(gnutls_x509_crt_init(&crt));
    check(gnutls_x509_crt_set_version(crt, 3));
    check(gnutls_x509_crt_set_serial(crt, &serial, sizeof serial));
    check(gnutls_x509_crt_set_activation_time(crt, now + from));
    check(gnutls_x509_crt_set_expiration_time(crt, now + until));
    check(gnutls_x509_crt_set_key(crt, key));
    check(gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, name,
                                        (unsigned)strlen(name)));
    return crt;
}

static void
add_host(gnutls_x509_crt_t crt, const char *host)
{
    g_autoptr(GInetAddress) inet = g_inet_address_new_from_string(host);
    if (inet)
        check(gnutls_x509_crt_set_subject_alt_name(
            crt, GNUTLS_SAN_IPADDRESS, g_inet_address_to_bytes(inet),
            (unsigned)g_inet_address_get_native_size(inet), GNUTLS_FSAN_APPEND));
    else
        check(gnutls_x509_crt_set_subject_alt_name(crt, GNUTLS_SAN_DNSNAME, host,
                                                   (unsigned)strlen(host), GNUTLS_FSAN_APPEND));
}

static char *
crt_pem(gnutls_x509_crt_t crt)
{
    gnutls_datum_t out;
    check(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &out));
    char *pem = g_strndup((const char *)out.data, out.size);
    gnutls_free(out.data);
    return pem;
}

static char *
key_pem(gnutls_x509_privkey_t key)
{
    gnutls_datum_t out;
    check(
        gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &out));
    char *pem = g_strndup((const char *)out.data, out.size);
    gnutls_free(out.data);
    return pem;
}

static GTlsCertificate *
parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    GTlsCertificate *certificate = g_tls_certificate_new_from_pem(text, -1, &error);
    g_assert_no_error(error);
    return certificate;
}

TestIssuer *
test_issuer_new(const char *name)
{
    TestIssuer *issuer = g_new0(TestIssuer, 1);
    issuer->key = new_key();
    issuer->crt = new_crt(issuer->key, name, -DAY, 3650 * DAY);
    check(gnutls_x509_crt_set_basic_constraints(issuer->crt, 1, 0));
    check(gnutls_x509_crt_set_key_usage(issuer->crt, GNUTLS_KEY_KEY_CERT_SIGN));
    check(gnutls_x509_crt_sign2(issuer->crt, issuer->crt, issuer->key, GNUTLS_DIG_SHA256, 0));
    return issuer;
}

void
test_issuer_free(TestIssuer *issuer)
{
    if (!issuer)
        return;
    gnutls_x509_crt_deinit(issuer->crt);
    gnutls_x509_privkey_deinit(issuer->key);
    g_free(issuer);
}

GTlsCertificate *
test_issuer_certificate(TestIssuer *issuer)
{
    g_autofree char *pem = crt_pem(issuer->crt);
    return parse(pem);
}

GTlsCertificate *
test_issuer_sign(TestIssuer *issuer, const char *host, int from, int until, gboolean with_chain)
{
    gnutls_x509_privkey_t key = new_key();
    gnutls_x509_crt_t crt = new_crt(key, host, from, until);
    add_host(crt, host);
    check(gnutls_x509_crt_set_basic_constraints(crt, 0, -1));
    check(gnutls_x509_crt_sign2(crt, issuer->crt, issuer->key, GNUTLS_DIG_SHA256, 0));
    g_autofree char *leaf = crt_pem(crt), *secret = key_pem(key), *ca = crt_pem(issuer->crt);
    g_autofree char *all = g_strconcat(leaf, with_chain ? ca : "", secret, NULL);
    gnutls_x509_crt_deinit(crt);
    gnutls_x509_privkey_deinit(key);
    return parse(all);
}

GTlsCertificate *
test_self_signed(const char *host)
{
    gnutls_x509_privkey_t key = new_key();
    gnutls_x509_crt_t crt = new_crt(key, host, -DAY, 365 * DAY);
    add_host(crt, host);
    check(gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0));
    g_autofree char *leaf = crt_pem(crt), *secret = key_pem(key);
    g_autofree char *all = g_strconcat(leaf, secret, NULL);
    gnutls_x509_crt_deinit(crt);
    gnutls_x509_privkey_deinit(key);
    return parse(all);
}

GTlsCertificate *
test_as_sent(GTlsCertificate *leaf, GTlsCertificate *stranger)
{
    g_autoptr(GByteArray) der = NULL;
    g_object_get(leaf, "certificate", &der, NULL);
    GTlsCertificate *issuer = stranger ? stranger : g_tls_certificate_get_issuer(leaf);
    return g_object_new(g_tls_backend_get_certificate_type(g_tls_backend_get_default()),
                        "certificate", der, "issuer", issuer, NULL);
}
