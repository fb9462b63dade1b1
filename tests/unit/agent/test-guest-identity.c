/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/agent/guest-identity.h"

#include "common/error.h"
#include "common/unix-socket.h"
#include "host/agent/record.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ID    "8fcba38f-3dd6-4d8c-8cc5-80f033035964"
#define OTHER "11111111-2222-4333-8444-555555555555"

/* A guest that we play: its port is a Unix socket. */
typedef struct {
    char *folder, *path;
    int listener, port;
    gboolean told, named;
    GError *error;
} Fixture;

static void
set_up(Fixture *fixture, gconstpointer data)
{
    fixture->folder = g_dir_make_tmp("oXXXXXX", NULL);
    fixture->path = g_build_filename(fixture->folder, "port", NULL);
    fixture->listener = oriel_listen_unix(fixture->path, 0600, (gid_t)-1, NULL);
    fixture->port = -1;
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    close(fixture->listener);
    if (fixture->port >= 0)
        close(fixture->port);
    g_clear_error(&fixture->error);
    g_assert_true(record_remove_folder(fixture->folder, NULL));
    g_free(fixture->folder);
    g_free(fixture->path);
}

static void
on_done(const GError *error, gpointer user)
{
    Fixture *fixture = user;
    g_assert_false(fixture->told);
    fixture->told = TRUE;
    fixture->error = error != NULL ? g_error_copy(error) : NULL;
}

static void
wait_until_told(Fixture *fixture)
{
    gint64 deadline = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;
    while (!fixture->told && g_get_monotonic_time() < deadline)
        g_main_context_iteration(NULL, TRUE);
    g_assert_true(fixture->told);
}

/* What the host has written, up to an end. */
static char *
hear(Fixture *fixture, const char *end)
{
    GString *text = g_string_new(NULL);
    if (fixture->port < 0)
        fixture->port = accept4(fixture->listener, NULL, NULL, SOCK_CLOEXEC);
    while (!g_str_has_suffix(text->str, end)) {
        char buffer[4096];
        ssize_t length = read(fixture->port, buffer, sizeof buffer);
        g_assert_cmpint(length, >, 0);
        g_string_append_len(text, buffer, length);
    }
    return g_string_free(text, FALSE);
}

static void
answer(Fixture *fixture, const char *text)
{
    g_assert_cmpint(write(fixture->port, text, strlen(text)), ==, (ssize_t)strlen(text));
}

static void
test_becomes_somebody(Fixture *fixture, gconstpointer data)
{
    GuestIdentity *identity = guest_identity_new(fixture->path, TRUE, ID, on_done, fixture, NULL);
    g_assert_nonnull(identity);
    guest_identity_begin(identity);
    g_autofree char *text = hear(fixture, "\n\n");
    g_assert_nonnull(strstr(text, "hostname=oriel-8fcba38f\n"));
    g_assert_nonnull(strstr(text, "\nseed="));
    g_assert_null(strstr(text, "home"));
    /* An answer to a question of an earlier host may come first. */
    answer(fixture, "waiting\ndone\n");
    wait_until_told(fixture);
    g_assert_no_error(fixture->error);
    guest_identity_free(identity);
}

static void
on_named(gpointer user)
{
    Fixture *fixture = user;
    g_assert_false(fixture->told);
    fixture->named = TRUE;
}

/* One word more for whoever is to have a home, and not one more for who is not. */
static void
test_gets_a_home(Fixture *fixture, gconstpointer data)
{
    GuestIdentity *identity = guest_identity_new(fixture->path, TRUE, ID, on_done, fixture, NULL);
    guest_identity_ask_home(identity, on_named);
    guest_identity_begin(identity);
    g_autofree char *text = hear(fixture, "\n\n");
    g_assert_true(g_str_has_suffix(text, "\nhome=1\n\n"));
    answer(fixture, "named\ndone\n");
    wait_until_told(fixture);
    g_assert_no_error(fixture->error);
    g_assert_true(fixture->named);
    guest_identity_free(identity);
}

static void
test_fails(Fixture *fixture, gconstpointer data)
{
    GuestIdentity *identity = guest_identity_new(fixture->path, TRUE, ID, on_done, fixture, NULL);
    guest_identity_begin(identity);
    g_free(hear(fixture, "\n\n"));
    answer(fixture, "failed the clock cannot be set: \xff\n");
    wait_until_told(fixture);
    g_assert_error(fixture->error, ORIEL_ERROR, ORIEL_ERROR_FAILED);
    g_assert_nonnull(strstr(fixture->error->message, "the clock cannot be set"));
    g_assert_true(g_utf8_validate(fixture->error->message, -1, NULL));
    guest_identity_free(identity);
}

static void
test_goes_away(Fixture *fixture, gconstpointer data)
{
    GuestIdentity *identity = guest_identity_new(fixture->path, TRUE, ID, on_done, fixture, NULL);
    guest_identity_begin(identity);
    g_free(hear(fixture, "\n\n"));
    close(fixture->port);
    fixture->port = -1;
    wait_until_told(fixture);
    g_assert_error(fixture->error, ORIEL_ERROR, ORIEL_ERROR_UNAVAILABLE);
    guest_identity_free(identity);
}

static void
test_probe(Fixture *fixture, gconstpointer data)
{
    const char *words = data;
    GuestIdentity *identity = guest_identity_probe(fixture->path, on_done, fixture, NULL);
    g_autofree char *text = hear(fixture, "\n");
    g_assert_cmpstr(text, ==, "hello\n");
    answer(fixture, words);
    wait_until_told(fixture);
    g_assert_no_error(fixture->error);
    g_assert_cmpint(guest_identity_gives_home(identity), ==, strstr(words, "homes") != NULL);
    guest_identity_free(identity);
}

static void
test_nobody_listens(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(guest_identity_new("/no/such/port", TRUE, ID, on_done, NULL, &error));
    g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_UNAVAILABLE);
}

/* Two desktops have nothing in common, and one has the same MAC each time. */
static void
test_differ(void)
{
    g_autofree char *mac = guest_identity_mac(ID);
    g_autofree char *again = guest_identity_mac(ID);
    g_autofree char *other = guest_identity_mac(OTHER);
    g_assert_cmpstr(mac, ==, again);
    g_assert_cmpstr(mac, !=, other);
    g_assert_true(g_str_has_prefix(mac, "52:54:"));
    g_assert_cmpuint(strlen(mac), ==, 17);
    g_autofree char *one = guest_identity_text(ID, 1234567890123456);
    g_autofree char *two = guest_identity_text(ID, 1234567890123456);
    g_auto(GStrv) lines = g_strsplit(one, "\n", -1);
    g_auto(GStrv) others = g_strsplit(two, "\n", -1);
    g_assert_cmpstr(lines[0], ==, "time=1234567890.123456");
    for (guint i = 0; lines[i] != NULL && lines[i][0] != '\0'; i++) {
        gboolean drawn = g_str_has_prefix(lines[i], "seed=") ||
                         g_str_has_prefix(lines[i], "machine_id=") ||
                         g_str_has_prefix(lines[i], "boot_id=");
        g_assert_true(g_str_equal(lines[i], others[i]) != drawn);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/guest-identity/becomes-somebody", Fixture, NULL, set_up, test_becomes_somebody,
               tear_down);
    g_test_add("/guest-identity/fails", Fixture, NULL, set_up, test_fails, tear_down);
    g_test_add("/guest-identity/goes-away", Fixture, NULL, set_up, test_goes_away, tear_down);
    g_test_add("/guest-identity/gets-a-home", Fixture, NULL, set_up, test_gets_a_home, tear_down);
    g_test_add("/guest-identity/probe", Fixture, "waiting\n", set_up, test_probe, tear_down);
    g_test_add("/guest-identity/probe-homes", Fixture, "waiting, gives homes\n", set_up, test_probe,
               tear_down);
    g_test_add_func("/guest-identity/nobody-listens", test_nobody_listens);
    g_test_add_func("/guest-identity/differ", test_differ);
    return g_test_run();
}
