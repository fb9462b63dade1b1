/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/auth/auth.h"

#include "broker/auth/password.h"
#include "broker/auth/throttle.h"
#include "broker/model/audit.h"
#include "broker/model/token.h"
#include "common/error.h"

/* Each thread takes 64 MiB while it works. At 80 ms a job and two threads the queue is about a
 * second long. */
#define MAX_THREADS 2
#define QUEUE       24

struct Auth {
    Store *store;
    PasswordPool *passwords;
    Throttle *throttle;
    guint64 logins;
    guint64 refusals;
};

typedef struct {
    guint references;
    Auth *auth;
    User *account; /* NULL: nobody of that name, or one who may not sign in */
    char *name;
    char *address;
    AuthDone done;
    gpointer user;
    GDestroyNotify destroy;
} Login;

static Login *
login_ref(Login *login)
{
    login->references++;
    return login;
}

static void
login_unref(gpointer data)
{
    Login *login = data;

    if (--login->references > 0)
        return;
    if (login->destroy)
        login->destroy(login->user);
    user_free(login->account);
    g_free(login->name);
    g_free(login->address);
    g_free(login);
}

Auth *
auth_new(Store *store, GError **error)
{
    g_autoptr(Auth) auth = g_new0(Auth, 1);

    auth->store = store;
    auth->throttle = throttle_new();
    auth->passwords =
        password_pool_new(CLAMP(g_get_num_processors(), 1, MAX_THREADS), QUEUE, error);
    return auth->passwords ? g_steal_pointer(&auth) : NULL;
}

void
auth_free(Auth *auth)
{
    if (!auth)
        return;
    password_pool_free(auth->passwords);
    throttle_free(auth->throttle);
    g_free(auth);
}

PasswordPool *
auth_passwords(Auth *auth)
{
    return auth->passwords;
}

guint64
auth_logins(Auth *auth)
{
    return auth->logins;
}

guint64
auth_refusals(Auth *auth)
{
    return auth->refusals;
}

static void
write_refusal(Login *login, const GError *error)
{
    audit(login->auth->store, login->name, login->address, "login", login->name, "refused",
          error->message);
}

static void
refuse(Login *login, const GError *error, guint retry_after, gboolean throttled)
{
    AuthOutcome outcome = {.error = error, .retry_after = retry_after, .throttled = throttled};

    login->auth->refusals++;
    login->done(&outcome, login->user);
}

/* The account may have been changed, disabled or deleted while the password was hashed. */
static gboolean
is_unchanged(Auth *auth, const User *account)
{
    g_autoptr(User) present = user_find(auth->store, account->id, NULL);

    return present && !present->disabled &&
           g_str_equal(present->password_hash, account->password_hash);
}

static void
verified(gboolean right, gpointer data)
{
    Login *login = data;
    Auth *auth = login->auth;
    g_autoptr(GError) error = NULL;
    AuthOutcome outcome = {0};

    if (!right || !login->account || !is_unchanged(auth, login->account)) {
        error = g_error_new_literal(ORIEL_ERROR, ORIEL_ERROR_UNAUTHORIZED,
                                    "The name or the password is wrong.");
        write_refusal(login, error);
        refuse(login, error, 0, FALSE);
        return;
    }
    throttle_success(auth->throttle, login->name, login->address);
    char *token = token_issue(auth->store, login->account->id, &outcome.expires_at, &error);
    if (!token) {
        write_refusal(login, error);
        refuse(login, error, 0, FALSE);
        return;
    }
    auth->logins++;
    audit(auth->store, login->name, login->address, "login", login->name, "ok", NULL);
    outcome.user = login->account;
    outcome.token = token;
    login->done(&outcome, login->user);
    password_wipe(token);
}

/* Somebody who does not exist, or may not sign in, costs the same work and gets the same answer. */
static User *
find_account(Auth *auth, const char *name)
{
    g_autoptr(User) account = name_is_valid(name) ? user_find(auth->store, name, NULL) : NULL;

    return account && !account->disabled ? g_steal_pointer(&account) : NULL;
}

void
auth_login(Auth *auth, const char *name, const char *password, const char *address, AuthDone done,
           gpointer user, GDestroyNotify destroy)
{
    Login *login = g_new0(Login, 1);
    g_autoptr(GError) error = NULL;

    login->references = 1;
    login->auth = auth;
    /* What is no name at all does not get into logs and counts. */
    login->name = g_strdup(name_is_valid(name) ? name : "?");
    login->address = g_strdup(address);
    login->done = done;
    login->user = user;
    login->destroy = destroy;

    gint64 now = g_get_monotonic_time();
    guint wait = throttle_try(auth->throttle, login->name, address, now);
    if (wait) {
        error = g_error_new(ORIEL_ERROR, ORIEL_ERROR_BUSY,
                            "There were too many tries. Wait %u seconds.", wait);
        if (throttle_first_wait(auth->throttle, login->name, address, now))
            write_refusal(login, error);
        refuse(login, error, wait, TRUE);
        login_unref(login);
        return;
    }
    login->account = find_account(auth, name);
    const char *hash = login->account ? login->account->password_hash : NULL;
    if (!password_pool_verify(auth->passwords, hash, password, verified, login_ref(login),
                              login_unref, &error)) {
        /* Nothing was checked, and nothing bounds how often this is: it is not written down. */
        throttle_forgive(auth->throttle, login->name, address);
        refuse(login, error, 1, FALSE);
    }
    login_unref(login);
}
