/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/model/name.h"
#include "broker/store/store.h"

/* A person who may sign in. Functions that look one up set ORIEL_ERROR_NOT_FOUND when there is
 * none. */
typedef struct {
    char *id;
    char *name;
    char *full_name;
    char *password_hash; /* argon2id, as libsodium writes it; "" where no password opens it */
    char **roles;
    gboolean disabled;
    gint64 created_at;
} User;

#define ROLE_ADMIN "admin"

/* A new one with a new id and copies of the strings. */
User *user_new(const char *name, const char *full_name, const char *password_hash,
               const char *const *roles);
void user_free(User *user);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(User, user_free)

gboolean user_is_admin(const User *user);

User *user_find(Store *store, const char *id_or_name, GError **error);
/* By name, in order; owned by the caller, of User. */
GPtrArray *user_list(Store *store, const Page *page, GError **error);
/* ORIEL_ERROR_EXISTS for a name that is taken. */
gboolean user_insert(Store *store, const User *user, GError **error);
gboolean user_update(Store *store, const User *user, GError **error);
gboolean user_delete(Store *store, const char *id, GError **error);
/* How many administrators may sign in: the last one must stay. */
gboolean user_count_admins(Store *store, gint64 *count, GError **error);
