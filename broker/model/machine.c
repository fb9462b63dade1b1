/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/model/machine.h"

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
    g_free(machine->password);
    g_free(machine);
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
                                              "SELECT m.name, m.vnc, u.name, m.password FROM "
                                              "machines m LEFT JOIN users u ON u.id = m.user_id"
                                              " WHERE m.pool_id = $1 ORDER BY m.position",
                                              "s", pool_id);

    if (!rows)
        return NULL;
    GPtrArray *machines = g_ptr_array_new_with_free_func((GDestroyNotify)machine_free);
    for (guint i = 0; i < store_result_rows(rows); i++)
        g_ptr_array_add(machines,
                        machine_new(store_result_text(rows, i, 0), store_result_text(rows, i, 1),
                                    store_result_text(rows, i, 2), store_result_text(rows, i, 3)));
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
    return store_exec(store, error,
                      "INSERT INTO machines (pool_id, position, name, vnc, user_id, password)"
                      " VALUES ($1, $2, $3, $4, $5, $6)",
                      "sissss", pool_id, (gint64)position, machine->name, machine->vnc,
                      user ? user->id : NULL, machine->password);
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
