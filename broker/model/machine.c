/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/model/machine.h"

#include "broker/auth/password.h"
#include "broker/model/user.h"
#include "common/error.h"

Machine *
machine_new(const char *name, const char *vnc, const char *user, const char *password)
{
    Machine *machine = g_new0(Machine, 1);

    machine->name = g_strdup(name);
    machine->vnc = g_strdup(vnc);
    machine->user = g_strdup(user);
    machine->password = g_strdup(password ? password : "");
    machine->sealed = g_strdup("");
    return machine;
}

void
machine_free(Machine *machine)
{
    if (!machine)
        return;
    g_free(machine->name);
    g_free(machine->vnc);
    g_free(machine->user);
    password_wipe(machine->password);
    g_free(machine->sealed);
    g_free(machine);
}

gboolean
machine_has_password(const Machine *machine)
{
    return *machine->password || *machine->sealed;
}

void
machine_keep_password(Machine *machine, const Machine *before)
{
    password_wipe(machine->password);
    g_free(machine->sealed);
    machine->password = g_strdup(before->password);
    machine->sealed = g_strdup(before->sealed);
}

/* What a sealed password is bound to. */
static char *
place_of(const char *pool_id, const char *name)
{
    return g_strconcat("machine/", pool_id, "/", name, NULL);
}

static char *
unseal(Store *store, const char *pool_id, const char *name, const char *sealed, GError **error)
{
    g_autofree char *place = place_of(pool_id, name);
    char *password = secrets_unseal(store->secrets, sealed, place, error);

    if (!password)
        g_prefix_error(
            error, "The password of the machine “%s” cannot be read, and has to be given again. ",
            name);
    return password;
}

char *
machine_password(Store *store, const char *pool_id, const Machine *machine, GError **error)
{
    if (*machine->password || !*machine->sealed)
        return g_strdup(machine->password);
    return unseal(store, pool_id, machine->name, machine->sealed, error);
}

Machine *
machine_find(const GPtrArray *machines, const char *name)
{
    for (guint i = 0; machines && i < machines->len; i++) {
        Machine *machine = g_ptr_array_index(machines, i);
        if (g_str_equal(machine->name, name))
            return machine;
    }
    return NULL;
}

GPtrArray *
machine_list(Store *store, const char *pool_id, GError **error)
{
    g_autoptr(StoreResult) rows = store_query(store, error,
                                              "SELECT m.name, m.vnc, u.name, m.sealed FROM "
                                              "machines m LEFT JOIN users u ON u.id = m.user_id"
                                              " WHERE m.pool_id = $1 ORDER BY m.position",
                                              "s", pool_id);

    if (!rows)
        return NULL;
    GPtrArray *machines = g_ptr_array_new_with_free_func((GDestroyNotify)machine_free);
    for (guint i = 0; i < store_result_rows(rows); i++) {
        Machine *machine = machine_new(store_result_text(rows, i, 0), store_result_text(rows, i, 1),
                                       store_result_text(rows, i, 2), NULL);
        g_free(machine->sealed);
        machine->sealed = g_strdup(store_result_text(rows, i, 3));
        g_ptr_array_add(machines, machine);
    }
    return machines;
}

static gboolean
write_one(Store *store, const char *pool_id, guint position, const Machine *machine, GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autoptr(User) user = machine->user ? user_find(store, machine->user, &problem) : NULL;

    if (machine->user && !user) {
        if (!g_error_matches(problem, ORIEL_ERROR, ORIEL_ERROR_NOT_FOUND)) {
            g_propagate_error(error, g_steal_pointer(&problem));
            return FALSE;
        }
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID,
                    "machines: “%s” belongs to “%s”, and there is no such user.", machine->name,
                    machine->user);
        return FALSE;
    }
    g_autofree char *place = place_of(pool_id, machine->name);
    g_autofree char *sealed = *machine->password
                                  ? secrets_seal(store->secrets, machine->password, place)
                                  : g_strdup(machine->sealed);
    return store_exec(store, error,
                      "INSERT INTO machines (pool_id, position, name, vnc, user_id, sealed)"
                      " VALUES ($1, $2, $3, $4, $5, $6)",
                      "sissss", pool_id, (gint64)position, machine->name, machine->vnc,
                      user ? user->id : NULL, sealed);
}

gboolean
machine_write(Store *store, const char *pool_id, GPtrArray *machines, GError **error)
{
    if (!store_exec(store, error, "DELETE FROM machines WHERE pool_id = $1", "s", pool_id))
        return FALSE;
    for (guint i = 0; machines && i < machines->len; i++)
        if (!write_one(store, pool_id, i, g_ptr_array_index(machines, i), error))
            return FALSE;
    return TRUE;
}

/* One row of pool_id, position, name, password, sealed. */
static gboolean
seal_row(Store *store, StoreResult *rows, guint row, GError **error)
{
    const char *pool_id = store_result_text(rows, row, 0), *name = store_result_text(rows, row, 2);
    const char *plain = store_result_text(rows, row, 3), *sealed = store_result_text(rows, row, 4);
    g_autofree char *place = place_of(pool_id, name);
    g_autoptr(GError) problem = NULL;

    if (!*plain && secrets_is_current(store->secrets, sealed))
        return TRUE;
    char *password = *plain ? g_strdup(plain) : unseal(store, pool_id, name, sealed, &problem);
    if (!password) {
        g_warning("%s", problem->message);
        return TRUE;
    }
    g_autofree char *anew = secrets_seal(store->secrets, password, place);
    password_wipe(password);
    return store_exec(store, error,
                      "UPDATE machines SET password = '', sealed = $3 WHERE pool_id = $1 AND"
                      " position = $2",
                      "sis", pool_id, store_result_integer(rows, row, 1), anew);
}

static gboolean
seal_rows(Store *store, gboolean *was_plain, GError **error)
{
    g_autoptr(StoreResult) rows =
        store_query(store, error,
                    "SELECT pool_id, position, name, password, sealed FROM machines"
                    " WHERE password <> '' OR sealed <> ''",
                    "");

    for (guint i = 0; rows && i < store_result_rows(rows); i++) {
        *was_plain |= *store_result_text(rows, i, 3) != '\0';
        if (!seal_row(store, rows, i, error))
            return FALSE;
    }
    return rows != NULL;
}

gboolean
machine_seal_all(Store *store, GError **error)
{
    gboolean was_plain = FALSE;

    if (!store_begin(store, error))
        return FALSE;
    gboolean ok = seal_rows(store, &was_plain, error);
    if (!store_end(store, ok, ok ? error : NULL))
        return FALSE;
    return !was_plain || store->ops->scrub(store, error);
}
