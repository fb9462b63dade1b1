/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/authority.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "broker/certificate.h"
#include "common/error.h"
#include "scratch.h"

static Authority *
open_for(Scratch *scratch, const char *name)
{
    g_autoptr(GError) error = NULL;
    Authority *authority = authority_open(scratch->folder, name, &error);

    g_assert_no_error(error);
    return authority;
}

/* As a client sees it: GLib's TLS (GnuTLS) checks what OpenSSL made. */
static void
test_chain(void)
{
    static const char *const names[] = {"desk.example", "localhost", "127.0.0.1", "::1"};
    Scratch scratch;
    g_autoptr(GError) error = NULL;

    scratch_init(&scratch);
    g_autoptr(Authority) authority = open_for(&scratch, "desk.example");
    g_autoptr(GTlsCertificate) ca =
        g_tls_certificate_new_from_pem(authority_ca_pem(authority), -1, &error);
    g_assert_no_error(error);
    g_autoptr(GTlsCertificate) leaf =
        g_tls_certificate_new_from_file(authority_certificate_file(authority), &error);
    g_assert_no_error(error);
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(GSocketConnectable) identity = g_network_address_new(names[i], 8443);
        g_assert_cmpint(g_tls_certificate_verify(leaf, identity, ca), ==, 0);
    }
    g_autoptr(GSocketConnectable) other = g_network_address_new("other.example", 8443);
    g_assert_cmpint(g_tls_certificate_verify(leaf, other, ca), ==, G_TLS_CERTIFICATE_BAD_IDENTITY);
    /* The chain file holds the authority behind the leaf. */
    g_assert_true(g_tls_certificate_is_same(g_tls_certificate_get_issuer(leaf), ca));
    scratch_clear(&scratch);
}

static void
test_private(void)
{
    Scratch scratch;
    static const char *const keys[] = {"ca.key", "server.key"};

    scratch_init(&scratch);
    authority_free(open_for(&scratch, NULL));
    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        g_autofree char *path = scratch_path(&scratch, keys[i]);
        struct stat status;
        g_assert_cmpint(stat(path, &status), ==, 0);
        g_assert_cmpint(status.st_mode & 0777, ==, 0600);
    }
    scratch_clear(&scratch);
}

static void
test_stays(void)
{
    Scratch scratch;

    scratch_init(&scratch);
    g_autoptr(Authority) first = open_for(&scratch, NULL);
    g_autoptr(Authority) again = open_for(&scratch, NULL);
    g_assert_cmpstr(authority_fingerprint(first), ==, authority_fingerprint(again));
    g_assert_cmpuint(strlen(authority_fingerprint(first)), ==, 95);
    scratch_clear(&scratch);
}

static void
test_new_name(void)
{
    Scratch scratch;

    scratch_init(&scratch);
    g_autoptr(Authority) before = open_for(&scratch, NULL);
    g_autoptr(Authority) after = open_for(&scratch, "desk.example");
    g_assert_cmpstr(authority_fingerprint(before), !=, authority_fingerprint(after));
    g_assert_cmpstr(authority_ca_pem(before), ==, authority_ca_pem(after));
    g_assert_cmpstr(authority_subject(after), ==, "O=Oriel,CN=desk.example");
    scratch_clear(&scratch);
}

/* Near its end a certificate is made anew, by the same authority. */
static void
test_renewal(void)
{
    Scratch scratch;
    g_autoptr(GError) error = NULL;
    gboolean renewed = TRUE;

    scratch_init(&scratch);
    g_autoptr(Authority) authority = open_for(&scratch, "desk.example");
    g_assert_true(authority_renew(authority, &renewed, &error));
    g_assert_false(renewed);

    g_autofree char *ca_file = scratch_path(&scratch, "ca.pem");
    g_autofree char *ca_key_file = scratch_path(&scratch, "ca.key");
    g_autoptr(X509) ca = certificate_load(ca_file, &error);
    g_autoptr(EVP_PKEY) ca_key = certificate_key_load(ca_key_file, &error);
    g_autoptr(EVP_PKEY) key = certificate_key_load(authority_key_file(authority), &error);
    CertificateSpec spec = {
        .common_name = "desk.example", .alternative_names = "DNS:desk.example", .days = 30};
    g_autoptr(X509) old = certificate_new(&spec, key, ca, ca_key, &error);
    g_assert_no_error(error);
    g_autofree char *pem = certificate_pem(old);
    g_autofree char *fingerprint = certificate_fingerprint(old);
    g_assert_true(g_file_set_contents(authority_certificate_file(authority), pem, -1, NULL));
    g_assert_true(authority_renew(authority, &renewed, &error));
    g_assert_true(renewed);
    g_assert_cmpstr(authority_fingerprint(authority), !=, fingerprint);
    scratch_clear(&scratch);
}

static void
test_damaged(void)
{
    Scratch scratch;
    g_autoptr(GError) error = NULL;

    scratch_init(&scratch);
    authority_free(open_for(&scratch, NULL));
    /* A broken server certificate is made anew; a broken authority is not replaced: people trust
     * it. */
    g_autofree char *server = scratch_path(&scratch, "server.pem");
    g_assert_true(g_file_set_contents(server, "nonsense", -1, NULL));
    authority_free(open_for(&scratch, NULL));
    g_autofree char *ca = scratch_path(&scratch, "ca.pem");
    g_assert_true(g_file_set_contents(ca, "nonsense", -1, NULL));
    g_assert_null(authority_open(scratch.folder, NULL, &error));
    g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED);
    g_assert_nonnull(strstr(error->message, "ca.pem"));
    scratch_clear(&scratch);
}

static void
test_bad_name(void)
{
    Scratch scratch;
    g_autoptr(GError) error = NULL;

    scratch_init(&scratch);
    g_assert_null(authority_open(scratch.folder, "a,CN=b", &error));
    g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID);
    scratch_clear(&scratch);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/authority/chain", test_chain);
    g_test_add_func("/authority/private", test_private);
    g_test_add_func("/authority/stays", test_stays);
    g_test_add_func("/authority/new-name", test_new_name);
    g_test_add_func("/authority/renewal", test_renewal);
    g_test_add_func("/authority/damaged", test_damaged);
    g_test_add_func("/authority/bad-name", test_bad_name);
    return g_test_run();
}
