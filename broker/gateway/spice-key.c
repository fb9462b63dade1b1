/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/gateway/spice-key.h"

#include "common/error.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#define KEY_BITS 1024

typedef EVP_PKEY_CTX PkeyContext;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PkeyContext, EVP_PKEY_CTX_free)
typedef EVP_PKEY Pkey;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Pkey, EVP_PKEY_free)

struct SpiceKey {
    EVP_PKEY *pair;
    guint8 public[SPICE_LINK_KEY_SIZE];
};

SpiceKey *
spice_key_new(GError **error)
{
    g_autoptr(SpiceKey) key = g_new0(SpiceKey, 1);
    unsigned char *der = NULL;

    key->pair = EVP_RSA_gen(KEY_BITS);
    int size = key->pair ? i2d_PUBKEY(key->pair, &der) : -1;
    if (size == SPICE_LINK_KEY_SIZE)
        memcpy(key->public, der, SPICE_LINK_KEY_SIZE);
    OPENSSL_free(der);
    if (size != SPICE_LINK_KEY_SIZE) {
        ERR_clear_error();
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED,
                    "The key for SPICE passwords cannot be made.");
        return NULL;
    }
    return g_steal_pointer(&key);
}

void
spice_key_free(SpiceKey *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->pair);
    g_free(key);
}

const guint8 *
spice_key_public(SpiceKey *key)
{
    return key->public;
}

/* OAEP with SHA-1 is what OpenSSL takes when nothing else is said. */
static gboolean
use_oaep(EVP_PKEY_CTX *context)
{
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) > 0;
}

char *
spice_key_decrypt(SpiceKey *key, const guint8 ticket[SPICE_LINK_TICKET_SIZE])
{
    g_autoptr(PkeyContext) context = EVP_PKEY_CTX_new(key->pair, NULL);
    guint8 plain[SPICE_LINK_TICKET_SIZE] = {0};
    gsize size = sizeof plain;
    char *password = NULL;

    if (context && EVP_PKEY_decrypt_init(context) > 0 && use_oaep(context) &&
        EVP_PKEY_decrypt(context, plain, &size, ticket, SPICE_LINK_TICKET_SIZE) > 0 && size > 0 &&
        size < sizeof plain)
        /* clients send the terminating NUL too; nothing may follow it */
        if (strnlen((const char *)plain, size) + 1 >= size)
            password = g_strndup((const char *)plain, size);
    ERR_clear_error();
    explicit_bzero(plain, sizeof plain);
    return password;
}

gboolean
spice_key_encrypt_empty(const guint8 key[SPICE_LINK_KEY_SIZE],
                        guint8 ticket[SPICE_LINK_TICKET_SIZE])
{
    const unsigned char *at = key;
    g_autoptr(Pkey) public = d2i_PUBKEY(NULL, &at, SPICE_LINK_KEY_SIZE);
    g_autoptr(PkeyContext) context = public ? EVP_PKEY_CTX_new(public, NULL) : NULL;
    gsize size = SPICE_LINK_TICKET_SIZE;
    gboolean good = context && EVP_PKEY_get_base_id(public) == EVP_PKEY_RSA &&
                    EVP_PKEY_get_size(public) == SPICE_LINK_TICKET_SIZE &&
                    EVP_PKEY_encrypt_init(context) > 0 && use_oaep(context) &&
                    EVP_PKEY_encrypt(context, ticket, &size, (const guint8 *)"", 1) > 0 &&
                    size == SPICE_LINK_TICKET_SIZE;

    ERR_clear_error();
    return good;
}
