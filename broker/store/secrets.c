/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/store/secrets.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"

#define KEY_SIZE      crypto_aead_xchacha20poly1305_ietf_KEYBYTES
#define NONCE_SIZE    crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_SIZE      crypto_aead_xchacha20poly1305_ietf_ABYTES
#define ID_SIZE       8 /* hexadecimal digits that tell keys apart */
#define MAX_KEYS      16
#define MAX_FILE_SIZE (16 * 1024)

typedef struct {
    char id[ID_SIZE + 1];
    guint8 bytes[KEY_SIZE];
} Key;

struct Secrets {
    Key keys[MAX_KEYS];
    guint n_keys;
};

void
secrets_free(Secrets *secrets)
{
    if (!secrets)
        return;
    sodium_memzero(secrets, sizeof *secrets);
    g_free(secrets);
}

static void
key_name(Key *key)
{
    guint8 hash[crypto_generichash_BYTES_MIN];

    crypto_generichash(hash, sizeof hash, key->bytes, KEY_SIZE, NULL, 0);
    sodium_bin2hex(key->id, sizeof key->id, hash, ID_SIZE / 2);
}

/* A file that is there stays: two programs may begin at once. */
static gboolean
make_file(const char *file, GError **error)
{
    g_autofree char *fresh = g_strdup_printf("%s.%u", file, g_random_int());
    guint8 key[KEY_SIZE];
    char digits[KEY_SIZE * 2 + 1];

    randombytes_buf(key, sizeof key);
    sodium_bin2hex(digits, sizeof digits, key, sizeof key);
    char *text = g_strdup_printf("# What oriel.db keeps secret is sealed with the first of these "
                                 "keys. Keep a copy apart from the database's.\n%s\n",
                                 digits);
    gboolean ok = g_file_set_contents_full(
        fresh, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, error);
    if (ok && link(fresh, file) != 0 && errno != EEXIST) {
        int failure = errno;
        g_set_error(error, ORIEL_ERROR,
                    failure == ENOSPC ? ORIEL_ERROR_NO_SPACE : ORIEL_ERROR_FAILED,
                    "“%s” cannot be made: %s.", file, g_strerror(failure));
        ok = FALSE;
    }
    g_unlink(fresh);
    sodium_memzero(key, sizeof key);
    sodium_memzero(digits, sizeof digits);
    sodium_memzero(text, strlen(text));
    g_free(text);
    return ok;
}

/* FALSE: a line that is no key, or one too many. */
static gboolean
read_line(Secrets *secrets, const char *line)
{
    size_t size;
    const char *end;

    if (!*line || *line == '#')
        return TRUE;
    if (secrets->n_keys == MAX_KEYS)
        return FALSE;
    Key *key = &secrets->keys[secrets->n_keys];
    if (sodium_hex2bin(key->bytes, KEY_SIZE, line, strlen(line), NULL, &size, &end) != 0 || *end ||
        size != KEY_SIZE)
        return FALSE;
    key_name(key);
    secrets->n_keys++;
    return TRUE;
}

static gboolean
read_keys(Secrets *secrets, char *text)
{
    char *rest = text;

    while (rest) {
        char *line = rest;
        rest = strchr(line, '\n');
        if (rest)
            *rest++ = '\0';
        if (!read_line(secrets, g_strstrip(line)))
            return FALSE;
    }
    return secrets->n_keys > 0;
}

Secrets *
secrets_open(const char *folder, GError **error)
{
    g_autofree char *file = g_build_filename(folder, "secrets.key", NULL);
    g_autoptr(Secrets) secrets = g_new0(Secrets, 1);
    char *text;
    gsize size;

    if (!g_file_test(file, G_FILE_TEST_EXISTS) && !make_file(file, error))
        return NULL;
    if (!g_file_get_contents(file, &text, &size, error))
        return NULL;
    gboolean ok = size <= MAX_FILE_SIZE && !memchr(text, '\0', size) && read_keys(secrets, text);
    sodium_memzero(text, size);
    g_free(text);
    if (ok)
        return g_steal_pointer(&secrets);
    g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID,
                "“%s” is damaged: it must have keys of 64 hexadecimal digits, one a line. Bring "
                "back a copy of it.",
                file);
    return NULL;
}

char *
secrets_seal(Secrets *secrets, const char *text, const char *owner)
{
    const Key *key = &secrets->keys[0];
    gsize size = strlen(text), length = NONCE_SIZE + size + TAG_SIZE;
    g_autofree guint8 *bytes = g_malloc(length);

    randombytes_buf(bytes, NONCE_SIZE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(bytes + NONCE_SIZE, NULL, (const guint8 *)text, size,
                                               (const guint8 *)owner, strlen(owner), NULL, bytes,
                                               key->bytes);
    g_autofree char *base64 = g_base64_encode(bytes, length);
    return g_strconcat(key->id, ":", base64, NULL);
}

/* The key that a sealed text names; NULL when it is not here. */
static const Key *
find_key(Secrets *secrets, const char *sealed)
{
    for (guint i = 0; i < secrets->n_keys; i++) {
        const Key *key = &secrets->keys[i];
        if (strncmp(sealed, key->id, ID_SIZE) == 0 && sealed[ID_SIZE] == ':')
            return key;
    }
    return NULL;
}

gboolean
secrets_is_current(Secrets *secrets, const char *sealed)
{
    return find_key(secrets, sealed) == &secrets->keys[0];
}

char *
secrets_unseal(Secrets *secrets, const char *sealed, const char *owner, GError **error)
{
    const Key *key = find_key(secrets, sealed);
    gsize length = 0;
    g_autofree guint8 *bytes = key ? g_base64_decode(sealed + ID_SIZE + 1, &length) : NULL;

    if (!key) {
        g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_FAILED,
                            "It was sealed with a key that secrets.key does not have.");
        return NULL;
    }
    gsize size = length >= NONCE_SIZE + TAG_SIZE ? length - NONCE_SIZE - TAG_SIZE : 0;
    char *text = g_malloc0(size + 1);
    if (length >= NONCE_SIZE + TAG_SIZE &&
        crypto_aead_xchacha20poly1305_ietf_decrypt((guint8 *)text, NULL, NULL, bytes + NONCE_SIZE,
                                                   length - NONCE_SIZE, (const guint8 *)owner,
                                                   strlen(owner), bytes, key->bytes) == 0)
        return text;
    g_free(text);
    g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_FAILED,
                        "It is damaged, or was not sealed for this place.");
    return NULL;
}
