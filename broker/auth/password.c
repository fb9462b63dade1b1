/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/auth/password.h"

#include <sodium.h>
#include <string.h>

#include "common/error.h"

#define OPS    2
#define MEMORY (64 * 1024 * 1024)

/* The hash of random bytes nobody kept, with our own costs. */
#define NOBODY                                                                                     \
    "$argon2id$v=19$m=65536,t=2,p=1$h5C6xrghM1oEcp1Z0xXOUw$"                                       \
    "NMBIgqhHRJ7J8a7XQYvTFx67lo7fTYEFSmtlZdabadU"

gboolean
password_check_policy(const char *password, const char *user_name, GError **error)
{
    const char *problem = NULL;

    if (g_utf8_strlen(password, -1) < PASSWORD_MIN)
        problem = "The password needs at least 8 characters.";
    else if (strlen(password) > PASSWORD_MAX)
        problem = "The password is longer than 1024 bytes.";
    else if (user_name && g_ascii_strcasecmp(password, user_name) == 0)
        problem = "The password may not be the user's name.";
    if (problem)
        g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_INVALID, problem);
    return !problem;
}

char *
password_hash(const char *password, GError **error)
{
    char text[crypto_pwhash_STRBYTES];

    if (crypto_pwhash_str_alg(text, password, strlen(password), OPS, MEMORY,
                              crypto_pwhash_ALG_ARGON2ID13) != 0) {
        g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_BUSY,
                            "There is not enough memory free to hash a password.");
        return NULL;
    }
    return g_strdup(text);
}

gboolean
password_verify(const char *hash, const char *password)
{
    gboolean known = hash && *hash;

    return (crypto_pwhash_str_verify(known ? hash : NOBODY, password, strlen(password)) == 0) &
           known;
}

void
password_wipe(char *password)
{
    if (!password)
        return;
    sodium_memzero(password, strlen(password));
    g_free(password);
}
