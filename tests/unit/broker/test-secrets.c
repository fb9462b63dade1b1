/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/store/secrets.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "broker/auth/password.h"
#include "broker/model/machine.h"
#include "common/error.h"
#include "scratch.h"

static char *
unsealed(Secrets *secrets, const char *sealed, const char *owner)
{
    g_autoptr(GError) error = NULL;
    char *text = secrets_unseal(secrets, sealed, owner, &error);

    g_assert_true(!text == !!error);
    if (error)
        g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED);
    return text;
}

static void
test_seal(Scratch *scratch, gconstpointer data)
{
    Secrets *secrets = scratch->store->secrets;
    static const char *const texts[] = {"", "s", "sesame", "pässwörd with blanks : and +/="};

    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *one = secrets_seal(secrets, texts[i], "here");
        g_autofree char *two = secrets_seal(secrets, texts[i], "here");
        g_autofree char *text = unsealed(secrets, one, "here");
        g_assert_cmpstr(text, ==, texts[i]);
        g_assert_cmpstr(one, !=, two); /* equal passwords do not look it */
        g_assert_true(secrets_is_current(secrets, one));
        g_assert_null(unsealed(secrets, one, "there"));
    }
}

static void
test_damaged(Scratch *scratch, gconstpointer data)
{
    Secrets *secrets = scratch->store->secrets;
    g_autofree char *sealed = secrets_seal(secrets, "sesame", "here");

    /* of the last group not every bit counts */
    for (gsize i = 0; i < strlen(sealed) - 4; i++) {
        g_autofree char *other = g_strdup(sealed);
        other[i] = other[i] == 'A' ? 'B' : 'A';
        g_autofree char *text = unsealed(secrets, other, "here");
        g_assert_null(text);
        other[i] = '\0';
        g_assert_null(unsealed(secrets, other, "here"));
    }
    g_assert_null(unsealed(secrets, "", "here"));
}

static Secrets *
open_with(Scratch *scratch, const char *text, GError **error)
{
    g_autofree char *file = scratch_path(scratch, "secrets.key");

    g_assert_true(g_file_set_contents(file, text, -1, NULL));
    return secrets_open(scratch->folder, error);
}

static void
test_file(Scratch *scratch, gconstpointer data)
{
    g_autofree char *file = scratch_path(scratch, "secrets.key");
    g_autofree char *sealed = secrets_seal(scratch->store->secrets, "sesame", "here");
    g_autofree char *text = NULL;
    static const char *const bad[] = {"", "# none\n", "00ff\n", "no key\n"};
    GStatBuf status;

    g_assert_cmpint(g_stat(file, &status), ==, 0);
    g_assert_cmpuint(status.st_mode & 0777, ==, 0600);
    g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
    /* the same file, read again */
    g_autoptr(Secrets) again = secrets_open(scratch->folder, NULL);
    g_autofree char *opened = unsealed(again, sealed, "here");
    g_assert_cmpstr(opened, ==, "sesame");
    /* a new key in front: what the old one sealed opens, and is not current */
    g_autofree char *rotated = g_strdup_printf("%064d\n\n%s", 7, text);
    g_autoptr(Secrets) both = open_with(scratch, rotated, NULL);
    g_autofree char *old = unsealed(both, sealed, "here");
    g_assert_cmpstr(old, ==, "sesame");
    g_assert_false(secrets_is_current(both, sealed));
    /* the old one is gone */
    g_autofree char *fresh = g_strdup_printf("%064d\n", 7);
    g_autoptr(Secrets) other = open_with(scratch, fresh, NULL);
    g_assert_null(unsealed(other, sealed, "here"));
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(open_with(scratch, bad[i], &error));
        g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID);
    }
}

static void
add_machine(Store *store, const char *name, const char *plain)
{
    g_assert_true(store_exec(store, NULL,
                             "INSERT INTO machines (pool_id, position, name, vnc, password)"
                             " VALUES ('p1', (SELECT COUNT(*) FROM machines), $1, 'h:1', $2)",
                             "ss", name, plain));
}

static void
check_password(Store *store, const char *name, const char *expected)
{
    g_autoptr(GPtrArray) machines = machine_list(store, "p1", NULL);
    const Machine *machine = machine_find(machines, name);
    g_autoptr(GError) error = NULL;
    char *password = machine_password(store, "p1", machine, &error);

    g_assert_cmpstr(password, ==, expected);
    g_assert_cmpint(machine_has_password(machine), ==, !expected || *expected);
    if (!expected) {
        g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED);
        g_assert_nonnull(strstr(error->message, name));
    }
    password_wipe(password);
}

/* Nothing in the folder says the password. */
static void
check_files(Scratch *scratch, const char *password)
{
    g_autoptr(GDir) dir = g_dir_open(scratch->folder, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(dir))) {
        g_autofree char *path = scratch_path(scratch, name);
        g_autofree char *text = NULL;
        gsize size;
        g_assert_true(g_file_get_contents(path, &text, &size, NULL));
        g_assert_null(memmem(text, size, password, strlen(password)));
    }
}

static void
test_machines(Scratch *scratch, gconstpointer data)
{
    Store *store = scratch->store;
    g_autoptr(GPtrArray) before = NULL;

    g_assert_true(store_exec(store, NULL,
                             "INSERT INTO pools (id, name, title, kind, image, host, cpus,"
                             " memory_mib, maximum, created_at)"
                             " VALUES ('p1', 'shop', '', 'desktop', '', '', 1, 1, 0, 1)",
                             ""));
    add_machine(store, "press", "open-sesame-1");
    add_machine(store, "lathe", "");
    add_machine(store, "saw", "open-sesame-2");
    g_assert_true(machine_seal_all(store, NULL));
    check_password(store, "press", "open-sesame-1");
    check_password(store, "saw", "open-sesame-2");
    check_password(store, "lathe", "");
    check_files(scratch, "open-sesame");

    /* written again as read, it stays; a machine that got another's row does not open it */
    before = machine_list(store, "p1", NULL);
    g_assert_true(machine_write(store, "p1", before, NULL));
    check_password(store, "press", "open-sesame-1");
    g_assert_true(
        store_exec(store, NULL, "UPDATE machines SET name = 'drill' WHERE name = 'saw'", ""));
    check_password(store, "drill", NULL);

    /* another key: what can be opened is sealed anew, the rest stays and says so */
    g_autofree char *file = scratch_path(scratch, "secrets.key"), *text = NULL;
    g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
    g_autofree char *rotated = g_strdup_printf("%064d\n%s", 7, text);
    secrets_free(store->secrets);
    store->secrets = open_with(scratch, rotated, NULL);
    g_test_expect_message("oriel-broker", G_LOG_LEVEL_WARNING, "*“drill”*");
    g_assert_true(machine_seal_all(store, NULL));
    g_test_assert_expected_messages();
    g_autofree char *fresh = g_strdup_printf("%064d\n", 7);
    secrets_free(store->secrets);
    store->secrets = open_with(scratch, fresh, NULL);
    check_password(store, "press", "open-sesame-1");
    check_files(scratch, "open-sesame");
}

static void
set_up(Scratch *scratch, gconstpointer data)
{
    scratch_init(scratch);
}

static void
tear_down(Scratch *scratch, gconstpointer data)
{
    scratch_clear(scratch);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add("/secrets/" name, Scratch, NULL, set_up, function, tear_down)
    ADD("seal", test_seal);
    ADD("damaged", test_damaged);
    ADD("file", test_file);
    ADD("machines", test_machines);
    return g_test_run();
}
