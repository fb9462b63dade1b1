/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/model/token.h"

#include <sodium.h>
#include <string.h>

#include "common/error.h"

#define TOKEN_BYTES 32

static char *
hash(const char *token)
{
    return g_compute_checksum_for_string(G_CHECKSUM_SHA256, token, -1);
}

static char *
random_text(void)
{
    guint8 bytes[TOKEN_BYTES];
    gsize size = sodium_base64_encoded_len(sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *text = g_malloc(size);

    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2base64(text, size, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(bytes, sizeof bytes);
    return text;
}

char *
token_issue(Store *store, const char *user_id, gint64 *expires_at, GError **error)
{
    g_autofree char *token = random_text();
    g_autofree char *hashed = hash(token);
    gint64 now = now_seconds();

    *expires_at = now + TOKEN_LIFETIME;
    if (!store_exec(store, error,
                    "INSERT INTO tokens (hash, user_id, created_at, expires_at)"
                    " VALUES ($1, $2, $3, $4)",
                    "ssii", hashed, user_id, now, *expires_at))
        return NULL;
    return g_steal_pointer(&token);
}

static gboolean
slide(Store *store, const char *hashed, gint64 *expires_at, GError **error)
{
    gint64 wanted = now_seconds() + TOKEN_LIFETIME;

    if (wanted - *expires_at < TOKEN_SLIDE_STEP)
        return TRUE;
    *expires_at = wanted;
    return store_exec(store, error, "UPDATE tokens SET expires_at = $2 WHERE hash = $1", "si",
                      hashed, wanted);
}

User *
token_user(Store *store, const char *token, gint64 *expires_at, GError **error)
{
    g_autofree char *hashed = hash(token);
    g_autoptr(StoreResult) rows =
        store_query(store, error,
                    "SELECT t.user_id, t.expires_at FROM tokens t JOIN users u ON u.id = t.user_id"
                    " WHERE t.hash = $1 AND t.expires_at > $2 AND u.disabled = 0",
                    "si", hashed, now_seconds());

    if (!rows)
        return NULL;
    if (store_result_rows(rows) == 0) {
        g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_UNAUTHORIZED,
                            "You are not signed in, or your sign-in is over.");
        return NULL;
    }
    gint64 expires = store_result_integer(rows, 0, 1);
    if (!slide(store, hashed, &expires, error))
        return NULL;
    if (expires_at)
        *expires_at = expires;
    return user_find(store, store_result_text(rows, 0, 0), error);
}

gboolean
token_revoke(Store *store, const char *token, GError **error)
{
    g_autofree char *hashed = hash(token);
    return store_exec(store, error, "DELETE FROM tokens WHERE hash = $1", "s", hashed);
}

gboolean
token_revoke_user(Store *store, const char *user_id, const char *except, GError **error)
{
    g_autofree char *hashed = hash(except ? except : "");
    return store_exec(store, error, "DELETE FROM tokens WHERE user_id = $1 AND hash <> $2", "ss",
                      user_id, hashed);
}

gboolean
token_prune(Store *store, GError **error)
{
    return store_exec(store, error, "DELETE FROM tokens WHERE expires_at <= $1", "i",
                      now_seconds());
}

char *
token_csrf(const char *token)
{
    static const char purpose[] = "oriel csrf";
    return g_compute_hmac_for_string(G_CHECKSUM_SHA256, (const guint8 *)token, strlen(token),
                                     purpose, -1);
}
