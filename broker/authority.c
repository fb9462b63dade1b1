/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/authority.h"

#include <gio/gio.h>
#include <openssl/pem.h>
#include <string.h>

#include "broker/certificate.h"
#include "common/error.h"

#define AUTHORITY_DAYS (20 * 365)
/* What browsers accept at most, and how long before its end a certificate is made anew. */
#define SERVER_DAYS    397
#define RENEW_DAYS     60
#define AUTHORITY_NAME "Oriel authority"
/* X.520's bound for a common name. */
#define COMMON_NAME_MAX 64

struct Authority {
    char *ca_key_file;
    char *ca_file;
    char *key_file;
    char *certificate_file;
    char *common_name;
    char *names; /* as OpenSSL's extension text */
    EVP_PKEY *ca_key;
    X509 *ca;
    char *ca_pem;
    char *subject;
    char *fingerprint;
};

void
authority_free(Authority *authority)
{
    if (!authority)
        return;
    g_free(authority->ca_key_file);
    g_free(authority->ca_file);
    g_free(authority->key_file);
    g_free(authority->certificate_file);
    g_free(authority->common_name);
    g_free(authority->names);
    EVP_PKEY_free(authority->ca_key);
    X509_free(authority->ca);
    g_free(authority->ca_pem);
    g_free(authority->subject);
    g_free(authority->fingerprint);
    g_free(authority);
}

/* A name that can stand in a certificate: letters, digits, “.” and “-”, as DNS has them. */
static gboolean
is_host_name(const char *name)
{
    if (!*name || strlen(name) > COMMON_NAME_MAX)
        return FALSE;
    for (const char *c = name; *c; c++)
        if (!g_ascii_isalnum(*c) && *c != '.' && *c != '-')
            return FALSE;
    return TRUE;
}

static void
add_name(GPtrArray *names, const char *name)
{
    g_autofree char *text =
        g_strdup_printf("%s:%s", g_hostname_is_ip_address(name) ? "IP" : "DNS", name);

    if (!g_ptr_array_find_with_equal_func(names, text, g_str_equal, NULL))
        g_ptr_array_add(names, g_steal_pointer(&text));
}

static gboolean
choose_names(Authority *self, const char *public_name, GError **error)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const char *host = g_get_host_name();

    if (public_name && !is_host_name(public_name) && !g_hostname_is_ip_address(public_name)) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID,
                    "public-name: “%s” is no host name and no address.", public_name);
        return FALSE;
    }
    if (!is_host_name(host))
        host = "localhost";
    if (public_name)
        add_name(names, public_name);
    add_name(names, host);
    add_name(names, "localhost");
    add_name(names, "127.0.0.1");
    add_name(names, "::1");
    g_ptr_array_add(names, NULL);
    self->names = g_strjoinv(",", (char **)names->pdata);
    self->common_name = g_strdup(public_name ? public_name : host);
    return TRUE;
}

/* virt-viewer splits at commas and takes a backslash for an escape; a host name and an IPv6 address
 * hold neither. */
static char *
subject_of(const char *common_name)
{
    return g_strdup_printf("O=Oriel,CN=%s", common_name);
}

static gboolean
open_ca(Authority *self, GError **error)
{
    gboolean have_key = g_file_test(self->ca_key_file, G_FILE_TEST_EXISTS);

    if (have_key && g_file_test(self->ca_file, G_FILE_TEST_EXISTS)) {
        self->ca_key = certificate_key_load(self->ca_key_file, error);
        self->ca = self->ca_key ? certificate_load(self->ca_file, error) : NULL;
        if (self->ca && X509_check_private_key(self->ca, self->ca_key) != 1) {
            g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED, "“%s” is not the key of “%s”.",
                        self->ca_key_file, self->ca_file);
            return FALSE;
        }
    } else {
        /* The certificate is written last: half of the pair is made anew, and nobody has seen it
         * yet. */
        CertificateSpec spec = {.common_name = AUTHORITY_NAME, .days = AUTHORITY_DAYS};
        self->ca_key = certificate_key_new(error);
        if (!self->ca_key || !certificate_key_save(self->ca_key, self->ca_key_file, error))
            return FALSE;
        self->ca = certificate_new(&spec, self->ca_key, NULL, NULL, error);
        g_autofree char *pem = self->ca ? certificate_pem(self->ca) : NULL;
        if (!pem || !g_file_set_contents_full(
                        self->ca_file, pem, -1,
                        G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0644, error))
            return FALSE;
    }
    if (!self->ca)
        return FALSE;
    self->ca_pem = certificate_pem(self->ca);
    return TRUE;
}

static gboolean
make_server(Authority *self, GError **error)
{
    CertificateSpec spec = {
        .common_name = self->common_name, .alternative_names = self->names, .days = SERVER_DAYS};
    g_autoptr(EVP_PKEY) key = certificate_key_new(error);
    g_autoptr(X509) leaf = key ? certificate_new(&spec, key, self->ca, self->ca_key, error) : NULL;

    if (!leaf)
        return FALSE;
    g_autofree char *pem = certificate_pem(leaf);
    g_autofree char *chain = g_strconcat(pem, self->ca_pem, NULL);
    return certificate_key_save(key, self->key_file, error) &&
           g_file_set_contents_full(self->certificate_file, chain, -1,
                                    G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
                                    0644, error);
}

/* Whether the certificate is ours, for the same names, fits its key, and is not near its end. */
static gboolean
is_good(Authority *self, X509 *leaf)
{
    g_autoptr(EVP_PKEY) key = certificate_key_load(self->key_file, NULL);
    g_autoptr(EVP_PKEY) ca_public = X509_get_pubkey(self->ca);
    CertificateSpec spec = {
        .common_name = self->common_name, .alternative_names = self->names, .days = 1};
    int days = 0, seconds = 0;

    if (!key || X509_check_private_key(leaf, key) != 1 || X509_verify(leaf, ca_public) != 1)
        return FALSE;
    if (!ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(leaf)) || days < RENEW_DAYS)
        return FALSE;
    /* OpenSSL writes names in words of its own: compare with a certificate for the names wanted. */
    g_autoptr(X509) wanted = certificate_new(&spec, key, self->ca, self->ca_key, NULL);
    if (!wanted || X509_NAME_cmp(X509_get_subject_name(wanted), X509_get_subject_name(leaf)) != 0)
        return FALSE;
    g_autofree char *wanted_names = certificate_names(wanted);
    g_autofree char *present_names = certificate_names(leaf);
    return g_str_equal(wanted_names, present_names);
}

gboolean
authority_renew(Authority *self, gboolean *renewed, GError **error)
{
    g_autoptr(X509) leaf = g_file_test(self->certificate_file, G_FILE_TEST_EXISTS)
                               ? certificate_load(self->certificate_file, NULL)
                               : NULL;

    *renewed = FALSE;
    if (!leaf || !is_good(self, leaf)) {
        if (!make_server(self, error))
            return FALSE;
        *renewed = TRUE;
        g_clear_pointer(&leaf, X509_free);
        leaf = certificate_load(self->certificate_file, error);
        if (!leaf)
            return FALSE;
    }
    g_free(self->fingerprint);
    self->fingerprint = certificate_fingerprint(leaf);
    return TRUE;
}

Authority *
authority_open(const char *folder, const char *public_name, GError **error)
{
    g_autoptr(Authority) self = g_new0(Authority, 1);
    gboolean renewed;

    self->ca_key_file = g_build_filename(folder, "ca.key", NULL);
    self->ca_file = g_build_filename(folder, "ca.pem", NULL);
    self->key_file = g_build_filename(folder, "server.key", NULL);
    self->certificate_file = g_build_filename(folder, "server.pem", NULL);
    if (!choose_names(self, public_name, error) || !open_ca(self, error) ||
        !authority_renew(self, &renewed, error))
        return NULL;
    self->subject = subject_of(self->common_name);
    return g_steal_pointer(&self);
}

const char *
authority_certificate_file(Authority *authority)
{
    return authority->certificate_file;
}

const char *
authority_key_file(Authority *authority)
{
    return authority->key_file;
}

const char *
authority_ca_pem(Authority *authority)
{
    return authority->ca_pem;
}

const char *
authority_subject(Authority *authority)
{
    return authority->subject;
}

const char *
authority_fingerprint(Authority *authority)
{
    return authority->fingerprint;
}
