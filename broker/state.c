/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/state.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <sys/stat.h>

#include "broker/auth/password.h"
#include "broker/model/audit.h"
#include "broker/model/machine.h"
#include "broker/model/token.h"
#include "broker/model/user.h"
#include "broker/store/store-sqlite.h"
#include "common/error.h"

gboolean
state_prepare(const char *folder, GError **error)
{
    if (g_mkdir_with_parents(folder, 0700) == 0 && g_chmod(folder, 0700) == 0)
        return TRUE;
    g_set_error(error, ORIEL_ERROR, errno == ENOSPC ? ORIEL_ERROR_NO_SPACE : ORIEL_ERROR_FAILED,
                "The state folder “%s” cannot be used: %s.", folder, g_strerror(errno));
    return FALSE;
}

Store *
state_open_store(const char *folder, GError **error)
{
    g_autofree char *file = g_build_filename(folder, "oriel.db", NULL);
    g_autoptr(Store) store = store_sqlite_new(file, error);

    if (!store || !store_migrate(store, error))
        return NULL;
    store->secrets = secrets_open(folder, error);
    if (!store->secrets || !machine_seal_all(store, error))
        return NULL;
    return g_steal_pointer(&store);
}

static gboolean
write_admin(Store *store, const char *name, const char *hash, GError **error)
{
    static const char *const roles[] = {ROLE_ADMIN, NULL};
    g_autoptr(GError) problem = NULL;
    g_autoptr(User) user = user_find(store, name, &problem);

    if (!user) {
        if (!g_error_matches(problem, ORIEL_ERROR, ORIEL_ERROR_NOT_FOUND)) {
            g_propagate_error(error, g_steal_pointer(&problem));
            return FALSE;
        }
        user = user_new(name, "Administrator", hash, roles);
        return user_insert(store, user, error);
    }
    g_free(user->password_hash);
    user->password_hash = g_strdup(hash);
    user->disabled = FALSE;
    if (!user_is_admin(user)) {
        g_strfreev(user->roles);
        user->roles = g_strdupv((char **)roles);
    }
    return user_update(store, user, error) && token_revoke_user(store, user->id, NULL, error);
}

gboolean
state_init_admin(const char *folder, const char *name, const char *password, GError **error)
{
    if (!name_is_valid(name)) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID, "A name has %s.", NAME_RULE);
        return FALSE;
    }
    if (!password_check_policy(password, name, error) || !state_prepare(folder, error))
        return FALSE;
    g_autoptr(Store) store = state_open_store(folder, error);
    g_autofree char *hash = store ? password_hash(password, error) : NULL;
    if (!hash || !store_begin(store, error))
        return FALSE;
    gboolean ok = write_admin(store, name, hash, error);
    if (!store_end(store, ok, ok ? error : NULL))
        return FALSE;
    audit(store, "oriel-broker", NULL, "user.init-admin", name, "ok", NULL);
    return TRUE;
}
