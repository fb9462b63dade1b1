/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /api/v1/users */
#include "broker/api/access.h"
#include "broker/api/resource.h"
#include "broker/auth/password.h"
#include "broker/model/token.h"
#include "common/error.h"

static json_t *
user_json(gpointer item, gpointer unused)
{
    const User *user = item;

    return json_pack("{s:s,s:s,s:s,s:o,s:b,s:o}", "id", user->id, "name", user->name, "full_name",
                     user->full_name, "roles", reply_strings((const char *const *)user->roles),
                     "disabled", user->disabled, "created_at", reply_time(user->created_at));
}

static char *
user_key(gpointer item)
{
    return g_strdup(((User *)item)->name);
}

enum {
    ASKED_NAME = 1,
    ASKED_FULL_NAME = 2,
    ASKED_PASSWORD = 4,
    ASKED_ROLES = 8,
    ASKED_DISABLED = 16
};

/* A change that waits for a password to be hashed. */
typedef struct {
    Api *api;
    HttpRequest *request;
    User *admin;
    User *user; /* as it is to be */
    gboolean create;
    guint asked;          /* ASKED_…: what the request says about user */
    gboolean ends_logins; /* disabled, or another password */
    char *keep_token;     /* the caller's own, when they change their own password */
} UserChange;

static void
change_free(gpointer data)
{
    UserChange *change = data;

    http_request_unref(change->request);
    user_free(change->admin);
    user_free(change->user);
    password_wipe(change->keep_token);
    g_free(change);
}

static void
swap(char **a, char **b)
{
    char *kept = *a;

    *a = *b;
    *b = kept;
}

/* Nobody could administer any more. Called inside the transaction, after the change. */
static gboolean
check_admin_left(Store *store, GError **error)
{
    gint64 admins = 0;

    if (!user_count_admins(store, &admins, error))
        return FALSE;
    if (admins > 0)
        return TRUE;
    g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_REFUSED,
                        "This is the last administrator who can sign in.");
    return FALSE;
}

/* What the request does not name stays as it is at this moment: while the password was hashed
 * somebody else may have disabled, changed or deleted the user. */
static gboolean
update_user(UserChange *change, GError **error)
{
    Store *store = change->api->store;
    g_autoptr(User) present = user_find(store, change->user->id, error);
    User *user = change->user;

    if (!present)
        return FALSE;
    if (!(change->asked & ASKED_NAME))
        swap(&user->name, &present->name);
    if (!(change->asked & ASKED_FULL_NAME))
        swap(&user->full_name, &present->full_name);
    if (!(change->asked & ASKED_PASSWORD))
        swap(&user->password_hash, &present->password_hash);
    if (!(change->asked & ASKED_ROLES)) {
        g_strfreev(user->roles);
        user->roles = g_steal_pointer(&present->roles);
    }
    if (!(change->asked & ASKED_DISABLED))
        user->disabled = present->disabled;
    return user_update(store, user, error) && check_admin_left(store, error);
}

static gboolean
write_change(UserChange *change, GError **error)
{
    Store *store = change->api->store;

    if (!store_begin(store, error))
        return FALSE;
    gboolean ok =
        change->create ? user_insert(store, change->user, error) : update_user(change, error);
    if (ok && change->ends_logins)
        ok = token_revoke_user(store, change->user->id, change->keep_token, error);
    if (!store_end(store, ok, ok ? error : NULL))
        return FALSE;
    if (!change->user->disabled)
        return TRUE;
    g_autofree char *reason = g_strdup_printf("The user “%s” was disabled.", change->user->name);
    return session_book_end_all_of(change->api->sessions, change->user->id, reason, error);
}

static void
finish_change(UserChange *change)
{
    g_autoptr(GError) error = NULL;

    if (!write_change(change, &error)) {
        http_request_respond_error(change->request, error);
        return;
    }
    access_audit(change->api, change->request, change->admin,
                 change->create ? "user.create" : "user.update", change->user->name, "ok", NULL);
    http_request_respond_json(change->request, change->create ? 201 : 200,
                              user_json(change->user, NULL));
}

static void
password_hashed(const char *hash, const GError *error, gpointer data)
{
    UserChange *change = data;

    if (error) {
        http_request_respond_error(change->request, error);
        return;
    }
    g_free(change->user->password_hash);
    change->user->password_hash = g_strdup(hash);
    finish_change(change);
}

/* Ends the change: hashes the new password first, if there is one. Takes over change. */
static void
run_change(UserChange *change, const char *password)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(HttpRequest) request = http_request_ref(change->request);

    if (password && !password_check_policy(password, change->user->name, &error)) {
        http_request_respond_error(request, error);
    } else if (!password) {
        finish_change(change);
    } else {
        if (!password_pool_hash(auth_passwords(change->api->auth), password, password_hashed,
                                change, change_free, &error))
            http_request_respond_error(request, error);
        return;
    }
    change_free(change);
}

static void
replace(char **field, const char *value)
{
    if (!value)
        return;
    g_free(*field);
    *field = g_strdup(value);
}

static guint
asked_for(Fields *fields)
{
    return (fields_has(fields, "name") ? ASKED_NAME : 0) |
           (fields_has(fields, "full_name") ? ASKED_FULL_NAME : 0) |
           (fields_has(fields, "password") ? ASKED_PASSWORD : 0) |
           (fields_has(fields, "roles") ? ASKED_ROLES : 0) |
           (fields_has(fields, "disabled") ? ASKED_DISABLED : 0);
}

/* Reads what the request says over change->user. */
static gboolean
read_user(HttpRequest *request, Fields *fields, UserChange *change, const char **password)
{
    User *user = change->user;
    const char *name = NULL, *full_name = NULL;

    fields_name(fields, "name", change->create ? FIELD_REQUIRED : FIELD_OPTIONAL, &name);
    fields_string(fields, "full_name", FIELD_OPTIONAL, 0, 200, &full_name);
    fields_string(fields, "password", change->create ? FIELD_REQUIRED : FIELD_OPTIONAL, 1,
                  PASSWORD_MAX, password);
    fields_strings(fields, "roles", FIELD_OPTIONAL, 8, &user->roles);
    fields_bool(fields, "disabled", FIELD_OPTIONAL, &user->disabled);
    change->asked = asked_for(fields);
    for (char **role = user->roles; *role; role++)
        if (!g_str_equal(*role, "user") && !g_str_equal(*role, ROLE_ADMIN))
            fields_refuse(fields, "roles", "knows “user” and “admin”");
    if (!reply_check(request, fields))
        return FALSE;
    replace(&user->name, name);
    replace(&user->full_name, full_name);
    change->ends_logins = *password || user->disabled;
    return TRUE;
}

static UserChange *
change_new(Api *api, HttpRequest *request, User **admin, User *user, gboolean create)
{
    UserChange *change = g_new0(UserChange, 1);

    change->api = api;
    change->request = http_request_ref(request);
    change->admin = g_steal_pointer(admin);
    change->user = user;
    change->create = create;
    if (!create && g_str_equal(change->admin->id, user->id))
        change->keep_token = access_token(request, NULL);
    return change;
}

static gboolean
remove_user(Api *api, gpointer row, GError **error)
{
    const User *user = row;

    /* The last administrator is refused before anything is ended. */
    if (!store_begin(api->store, error))
        return FALSE;
    User without = *user;
    without.disabled = TRUE;
    gboolean ok = user_update(api->store, &without, error) && check_admin_left(api->store, error);
    if (!store_end(api->store, ok, ok ? error : NULL))
        return FALSE;
    g_autofree char *reason = g_strdup_printf("The user “%s” was deleted.", user->name);
    return session_book_forget_user(api->sessions, user->id, reason, error) &&
           user_delete(api->store, user->id, error);
}

RESOURCE_ROWS(User, user)

/* They are made and changed by a UserChange. */
static const Resource users = {
    .name = "user",
    .find = found,
    .free = freed,
    .json = user_json,
    .key = user_key,
    .list = user_list,
    .remove = remove_user,
};

static void
post_user(HttpRequest *request, gpointer data)
{
    static const char *const roles[] = {"user", NULL};
    Api *api = data;
    g_autoptr(User) admin = access_admin(api, request);
    Fields fields;
    const char *password = NULL;
    json_auto_t *body = admin ? reply_begin(request, &fields) : NULL;

    if (!body)
        return;
    UserChange *change = change_new(api, request, &admin, user_new("", "", "", roles), TRUE);
    if (read_user(request, &fields, change, &password))
        run_change(change, password);
    else
        change_free(change);
}

static void
patch_user(HttpRequest *request, gpointer data)
{
    Api *api = data;
    g_autoptr(User) admin = access_admin(api, request);
    g_autoptr(User) user = resource_named(&users, api, request, admin);
    Fields fields;
    const char *password = NULL;
    json_auto_t *body = user ? reply_begin(request, &fields) : NULL;

    if (!body)
        return;
    UserChange *change = change_new(api, request, &admin, g_steal_pointer(&user), FALSE);
    if (read_user(request, &fields, change, &password))
        run_change(change, password);
    else
        change_free(change);
}

void
api_register_users(Api *api)
{
    gpointer bound = resource_bind(&users, api);

    http_server_route(api->server, "GET", "/api/v1/users", resource_list, bound);
    http_server_route(api->server, "GET", "/api/v1/users/:user", resource_get, bound);
    http_server_route(api->server, "DELETE", "/api/v1/users/:user", resource_delete, bound);
    http_server_route(api->server, "POST", "/api/v1/users", post_user, api);
    http_server_route(api->server, "PATCH", "/api/v1/users/:user", patch_user, api);
}
