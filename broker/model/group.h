/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/model/name.h"
#include "broker/store/store.h"

/* Users under one name, for entitlements. Lookups set ORIEL_ERROR_NOT_FOUND when there is none. */
typedef struct {
    char *id;
    char *name;
    char **members; /* the users' names, in order */
    gint64 created_at;
} Group;

Group *group_new(const char *name, const char *const *members);
void group_free(Group *group);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Group, group_free)

Group *group_find(Store *store, const char *id_or_name, GError **error);
GPtrArray *group_list(Store *store, const Page *page, GError **error);
/* Writes the group and its members; ORIEL_ERROR_INVALID for a member who is no user. */
gboolean group_insert(Store *store, const Group *group, GError **error);
gboolean group_update(Store *store, const Group *group, GError **error);
gboolean group_delete(Store *store, const char *id, GError **error);
