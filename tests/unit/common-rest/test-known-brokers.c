/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "certs.h"
#include "common/error.h"
#include "common/known-brokers.h"
#include "common/tls.h"

#include <glib/gstdio.h>
#include <string.h>

#define DAY (24 * 3600)

typedef struct {
    char *directory, *path;
    KnownBrokers *known;
    OrielUri *broker;
    TestIssuer *issuer;
} Fixture;

static void
set_up(Fixture *f, gconstpointer data)
{
    f->directory = g_dir_make_tmp("oXXXXXX", NULL);
    f->path = g_build_filename(f->directory, "sub", "known-brokers", NULL);
    f->known = known_brokers_new(f->path);
    f->broker = oriel_uri_parse("desk.example", NULL);
    f->issuer = test_issuer_new("Oriel authority");
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    g_autofree char *sub = g_path_get_dirname(f->path);
    g_unlink(f->path);
    g_rmdir(sub);
    g_rmdir(f->directory);
    known_brokers_free(f->known);
    oriel_uri_free(f->broker);
    test_issuer_free(f->issuer);
    g_free(f->path);
    g_free(f->directory);
}

static GTlsCertificate *
sent(TestIssuer *issuer, const char *host, int from, int until, gboolean with_chain)
{
    g_autoptr(GTlsCertificate) leaf = test_issuer_sign(issuer, host, from, until, with_chain);
    return test_as_sent(leaf, NULL);
}

static GTlsCertificate *
usual(Fixture *f)
{
    return sent(f->issuer, "desk.example", -DAY, 90 * DAY, TRUE);
}

static void
expect(Fixture *f, GTlsCertificate *chain, BrokerTrust trust)
{
    g_autofree char *why = NULL, *shown = tls_fingerprint(chain);
    g_assert_cmpint(known_brokers_decide(f->known, f->broker, chain, &why), ==, trust);
    g_assert_true((trust == BROKER_TRUST_REFUSED) == (why != NULL));
    if (why && !strstr(why, "cannot be read"))
        g_assert_nonnull(strstr(why, shown));
}

static void
remember(Fixture *f, GTlsCertificate *chain)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(known_brokers_remember(f->known, f->broker, chain, &error));
    g_assert_no_error(error);
}

static void
test_first_use(Fixture *f, gconstpointer data)
{
    g_autoptr(GTlsCertificate) chain = usual(f);
    expect(f, chain, BROKER_TRUST_UNKNOWN);
    remember(f, chain);
    expect(f, chain, BROKER_TRUST_TRUSTED);

    GStatBuf status;
    g_assert_cmpint(g_stat(f->path, &status), ==, 0);
    g_assert_cmpint(status.st_mode & 0777, ==, 0600);

    g_autoptr(OrielUri) other = oriel_uri_parse("desk.example:9000", NULL);
    g_assert_cmpint(known_brokers_decide(f->known, other, chain, NULL), ==, BROKER_TRUST_UNKNOWN);
}

static void
test_renewed_is_trusted(Fixture *f, gconstpointer data)
{
    g_autoptr(GTlsCertificate) first = usual(f), renewed = usual(f);
    g_autoptr(GTlsCertificate) alone = sent(f->issuer, "desk.example", -DAY, DAY, FALSE);
    remember(f, first);
    expect(f, renewed, BROKER_TRUST_TRUSTED);
    expect(f, alone, BROKER_TRUST_TRUSTED);
}

static void
test_other_authority_is_refused(Fixture *f, gconstpointer data)
{
    g_autoptr(TestIssuer) thief = test_issuer_new("Oriel authority");
    g_autoptr(GTlsCertificate) first = usual(f);
    g_autoptr(GTlsCertificate) forged = sent(thief, "desk.example", -DAY, 90 * DAY, TRUE);
    g_autoptr(GTlsCertificate) alone = test_self_signed("desk.example");
    remember(f, first);
    expect(f, forged, BROKER_TRUST_REFUSED);
    expect(f, alone, BROKER_TRUST_REFUSED);

    /* The true authority's certificate is public: sending it along proves nothing. */
    g_autoptr(GTlsCertificate) authority = test_issuer_certificate(f->issuer);
    g_autoptr(GTlsCertificate) dressed = test_as_sent(forged, authority);
    expect(f, dressed, BROKER_TRUST_REFUSED);

    g_autofree char *why = NULL, *old = tls_fingerprint(first);
    known_brokers_decide(f->known, f->broker, forged, &why);
    g_assert_nonnull(strstr(why, old));
}

static void
test_other_name_is_refused(Fixture *f, gconstpointer data)
{
    g_autoptr(GTlsCertificate) first = usual(f);
    g_autoptr(GTlsCertificate) other = sent(f->issuer, "mail.example", -DAY, 90 * DAY, TRUE);
    remember(f, first);
    expect(f, other, BROKER_TRUST_REFUSED);
}

static void
test_dates(Fixture *f, gconstpointer data)
{
    g_autoptr(GTlsCertificate) expired = sent(f->issuer, "desk.example", -9 * DAY, -DAY, TRUE);
    g_autoptr(GTlsCertificate) early = sent(f->issuer, "desk.example", DAY, 9 * DAY, TRUE);
    g_autoptr(GTlsCertificate) first = usual(f);
    expect(f, expired, BROKER_TRUST_REFUSED);
    remember(f, first);
    expect(f, expired, BROKER_TRUST_REFUSED);
    expect(f, early, BROKER_TRUST_REFUSED);
}

/* A leaf that was taken as it is (here: for another name) stays good, its authority's other leaves
 * of that name do not. */
static void
test_remembered_leaf(Fixture *f, gconstpointer data)
{
    g_autoptr(GTlsCertificate) odd = sent(f->issuer, "localhost", -DAY, 90 * DAY, TRUE);
    g_autoptr(GTlsCertificate) renewed = sent(f->issuer, "localhost", -DAY, 90 * DAY, TRUE);
    g_autoptr(GTlsCertificate) self = test_self_signed("desk.example");
    remember(f, odd);
    expect(f, odd, BROKER_TRUST_TRUSTED);
    expect(f, renewed, BROKER_TRUST_REFUSED);
    remember(f, self);
    expect(f, self, BROKER_TRUST_TRUSTED);
    expect(f, odd, BROKER_TRUST_REFUSED);
}

/* Remembering a leaf that was sent with a certificate that did not sign it must not make that one
 * an authority. */
static void
test_stranger_is_no_authority(Fixture *f, gconstpointer data)
{
    g_autoptr(TestIssuer) thief = test_issuer_new("Another");
    g_autoptr(GTlsCertificate) stranger = test_issuer_certificate(thief);
    g_autoptr(GTlsCertificate) leaf = usual(f);
    g_autoptr(GTlsCertificate) dressed = test_as_sent(leaf, stranger);
    g_assert_true(tls_chain_authority(dressed) == dressed);
    remember(f, dressed);
    g_autoptr(GTlsCertificate) forged = sent(thief, "desk.example", -DAY, 90 * DAY, TRUE);
    expect(f, forged, BROKER_TRUST_REFUSED);
}

static void
test_damaged_file_is_no_first_use(Fixture *f, gconstpointer data)
{
    g_autoptr(GTlsCertificate) chain = usual(f);
    remember(f, chain);
    g_assert_true(g_file_set_contents(f->path, "desk.example = \001\002 [[[", -1, NULL));
    expect(f, chain, BROKER_TRUST_REFUSED);
    g_autoptr(GError) error = NULL;
    g_assert_false(known_brokers_remember(f->known, f->broker, chain, &error));
    g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED);

    g_assert_true(
        g_file_set_contents(f->path, "[desk.example:8443]\nauthority=no certificate\n", -1, NULL));
    expect(f, chain, BROKER_TRUST_REFUSED);
}

static void
test_ipv6_key(Fixture *f, gconstpointer data)
{
    g_autoptr(GTlsCertificate) chain = sent(f->issuer, "::1", -DAY, DAY, TRUE),
                               renewed = sent(f->issuer, "::1", -DAY, DAY, TRUE);
    oriel_uri_free(f->broker);
    f->broker = oriel_uri_parse("[::1]", NULL);
    remember(f, chain);
    expect(f, renewed, BROKER_TRUST_TRUSTED);
}

static void
test_fingerprint(void)
{
    static const char canonical[] = "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:"
                                    "10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:FF";
    static const char *const same[] = {
        canonical, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff",
        "sha256:000102030405060708090a0b0c0d0e0f 101112131415161718191a1b1c1d1eFF"};
    static const char *const bad[] = {
        "",
        "AB",
        "SHA256:",
        ":",
        "zz:01",
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff00",
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1ef"};
    for (guint i = 0; i < G_N_ELEMENTS(same); i++) {
        g_autofree char *text = tls_fingerprint_normalise(same[i]);
        g_assert_cmpstr(text, ==, canonical);
    }
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_null(tls_fingerprint_normalise(bad[i]));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function)                                                                        \
    g_test_add("/known-brokers/" name, Fixture, NULL, set_up, function, tear_down)
    ADD("first-use", test_first_use);
    ADD("renewed", test_renewed_is_trusted);
    ADD("other-authority", test_other_authority_is_refused);
    ADD("other-name", test_other_name_is_refused);
    ADD("dates", test_dates);
    ADD("remembered-leaf", test_remembered_leaf);
    ADD("stranger", test_stranger_is_no_authority);
    ADD("damaged", test_damaged_file_is_no_first_use);
    ADD("ipv6", test_ipv6_key);
    g_test_add_func("/tls/fingerprint", test_fingerprint);
    return g_test_run();
}
