/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/certificate.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "common/error.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(BIO, BIO_free_all)

#define ORGANISATION "Oriel"
/* A certificate of a clock that runs behind ours is valid too. */
#define BACKDATE_SECONDS (60 * 60)

static void
fail(GError **error, const char *what)
{
    char reason[256];

    ERR_error_string_n(ERR_get_error(), reason, sizeof reason);
    ERR_clear_error();
    g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED, "%s: %s.", what, reason);
}

EVP_PKEY *
certificate_key_new(GError **error)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");

    if (!key)
        fail(error, "Making a key failed");
    return key;
}

static char *
bio_text(BIO *bio)
{
    char *data;
    long size = BIO_get_mem_data(bio, &data);
    return g_strndup(data, size);
}

EVP_PKEY *
certificate_key_load(const char *file, GError **error)
{
    g_autoptr(BIO) bio = BIO_new_file(file, "r");
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;

    if (!key) {
        g_autofree char *what = g_strdup_printf("The key “%s” cannot be read", file);
        fail(error, what);
    }
    return key;
}

gboolean
certificate_key_save(EVP_PKEY *key, const char *file, GError **error)
{
    g_autoptr(BIO) bio = BIO_new(BIO_s_secmem());

    if (!bio || !PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL)) {
        fail(error, "Writing a key failed");
        return FALSE;
    }
    char *data;
    long size = BIO_get_mem_data(bio, &data);
    return g_file_set_contents_full(file, data, size,
                                    G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
                                    0600, error);
}

static gboolean
add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;

    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    gboolean ok = extension && X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    return ok;
}

static gboolean
set_serial(X509 *certificate)
{
    guint8 bytes[16];
    BIGNUM *number =
        RAND_bytes(bytes, sizeof bytes) == 1 ? BN_bin2bn(bytes, sizeof bytes, NULL) : NULL;

    /* A serial is a positive number of at most 20 bytes. */
    gboolean ok = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
    return ok;
}

/* O before CN: host-subject in a vv file lists them in the same order. */
static gboolean
set_subject(X509 *certificate, const char *common_name)
{
    X509_NAME *name = X509_get_subject_name(certificate);

    return X509_NAME_add_entry_by_NID(name, NID_organizationName, MBSTRING_UTF8,
                                      (const guint8 *)ORGANISATION, -1, -1, 0) &&
           X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                      (const guint8 *)common_name, -1, -1, 0);
}

static gboolean
add_extensions(X509 *certificate, X509 *issuer, const char *names)
{
    /* The key's own id comes first: the authority's refers to it where a certificate signs itself.
     */
    gboolean ok = add_extension(certificate, issuer, NID_subject_key_identifier, "hash") &&
                  add_extension(certificate, issuer, NID_authority_key_identifier, "keyid:always");

    if (!names)
        return ok &&
               add_extension(certificate, issuer, NID_basic_constraints,
                             "critical,CA:TRUE,pathlen:0") &&
               add_extension(certificate, issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
    return ok && add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(certificate, issuer, NID_key_usage, "critical,digitalSignature") &&
           add_extension(certificate, issuer, NID_ext_key_usage, "serverAuth") &&
           add_extension(certificate, issuer, NID_subject_alt_name, names);
}

X509 *
certificate_new(const CertificateSpec *spec, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key,
                GError **error)
{
    g_autoptr(X509) certificate = X509_new();
    X509 *signer = issuer ? issuer : certificate;

    if (!certificate || !X509_set_version(certificate, X509_VERSION_3) ||
        !set_serial(certificate) ||
        !X509_gmtime_adj(X509_getm_notBefore(certificate), -BACKDATE_SECONDS) ||
        !X509_time_adj_ex(X509_getm_notAfter(certificate), spec->days, 0, NULL) ||
        !set_subject(certificate, spec->common_name) ||
        !X509_set_issuer_name(certificate, X509_get_subject_name(signer)) ||
        !X509_set_pubkey(certificate, key) ||
        !add_extensions(certificate, signer, spec->alternative_names) ||
        !X509_sign(certificate, issuer ? issuer_key : key, EVP_sha256())) {
        fail(error, "Making a certificate failed");
        return NULL;
    }
    return g_steal_pointer(&certificate);
}

X509 *
certificate_load(const char *file, GError **error)
{
    g_autoptr(BIO) bio = BIO_new_file(file, "r");
    X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

    if (!certificate) {
        g_autofree char *what = g_strdup_printf("The certificate “%s” cannot be read", file);
        fail(error, what);
    }
    return certificate;
}

char *
certificate_pem(X509 *certificate)
{
    g_autoptr(BIO) bio = BIO_new(BIO_s_mem());

    return bio && PEM_write_bio_X509(bio, certificate) ? bio_text(bio) : NULL;
}

char *
certificate_fingerprint(X509 *certificate)
{
    guint8 digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    GString *text = g_string_new(NULL);

    if (X509_digest(certificate, EVP_sha256(), digest, &size))
        for (unsigned int i = 0; i < size; i++)
            g_string_append_printf(text, "%s%02X", i ? ":" : "", digest[i]);
    return g_string_free(text, FALSE);
}

char *
certificate_names(X509 *certificate)
{
    int index = X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1);
    g_autoptr(BIO) bio = BIO_new(BIO_s_mem());

    if (index < 0 || !bio || !X509V3_EXT_print(bio, X509_get_ext(certificate, index), 0, 0))
        return g_strdup("");
    return bio_text(bio);
}
