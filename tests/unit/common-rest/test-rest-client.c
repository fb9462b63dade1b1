/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "certs.h"
#include "common/error.h"
#include "common/rest-client.h"
#include "common/tls.h"

#include <glib/gstdio.h>
#include <libsoup/soup.h>
#include <string.h>

#define DAY (24 * 3600)

typedef struct {
    char *directory, *path;
    KnownBrokers *known;
    TestIssuer *issuer;
    SoupServer *server;
    OrielUri *broker;
    RestClient *client;
    SoupServerMessage *held; /* a long poll that nobody answers */
    guint asked;
    GCancellable *cancel_when_held;
} Fixture;

static void
answer(SoupServerMessage *message, guint status, const char *type, const char *body)
{
    soup_server_message_set_status(message, status, NULL);
    if (body)
        soup_server_message_set_response(message, type, SOUP_MEMORY_COPY, body, strlen(body));
}

static void
answer_echo(SoupServerMessage *message)
{
    SoupMessageHeaders *headers = soup_server_message_get_request_headers(message);
    const char *token = soup_message_headers_get_one(headers, "Authorization");
    SoupMessageBody *body = soup_server_message_get_request_body(message);
    json_t *sent =
        body->length ? json_loadb(body->data, (size_t)body->length, 0, NULL) : json_null();
    json_t *echo = json_pack("{s:s, s:s*, s:o}", "method", soup_server_message_get_method(message),
                             "authorization", token, "sent", sent);
    char *text = json_dumps(echo, 0);
    answer(message, 201, "application/json", text);
    free(text);
    json_decref(echo);
}

static void
answer_large(SoupServerMessage *message)
{
    gsize size = REST_CLIENT_MAX_ANSWER + 10;
    char *text = g_malloc(size);
    memset(text, ' ', size);
    soup_server_message_set_status(message, 200, NULL);
    soup_server_message_set_response(message, "application/json", SOUP_MEMORY_TAKE, text, size);
}

static void
on_request(SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query,
           gpointer user)
{
    Fixture *f = user;
    f->asked++;
    if (strcmp(path, "/echo") == 0)
        answer_echo(message);
    else if (strcmp(path, "/empty") == 0)
        answer(message, 204, NULL, NULL);
    else if (strcmp(path, "/problem") == 0)
        answer(message, 409, "application/problem+json",
               "{\"type\":\"https://oriel.invalid/problems/"
               "conflict\",\"status\":409,\"detail\":\"There is one already.\"}");
    else if (strcmp(path, "/busy") == 0)
        answer(message, 503, "application/problem+json",
               "{\"type\":\"https://oriel.invalid/problems/busy\",\"title\":\"Busy\"}");
    else if (strcmp(path, "/plain-503") == 0)
        answer(message, 503, "text/html", "<html>down</html>");
    else if (strcmp(path, "/no-json") == 0)
        answer(message, 200, "text/html", "<html>");
    else if (strcmp(path, "/twice") == 0)
        answer(message, 200, "application/json", "{\"a\":1,\"a\":2}");
    else if (strcmp(path, "/large") == 0)
        answer_large(message);
    else if (strcmp(path, "/away") == 0) {
        soup_server_message_set_redirect(message, 302, "https://localhost:1/echo");
    } else if (strcmp(path, "/hold") == 0) {
        f->held = g_object_ref(message);
        soup_server_message_pause(message);
        if (f->cancel_when_held)
            g_cancellable_cancel(f->cancel_when_held);
    } else {
        answer(message, 404, NULL, NULL);
    }
}

static void
start_server(Fixture *f, TestIssuer *issuer)
{
    guint port = f->broker ? oriel_uri_port(f->broker) : 0;
    g_autoptr(GTlsCertificate) certificate = test_issuer_sign(issuer, "127.0.0.1", -DAY, DAY, TRUE);
    g_autoptr(GError) error = NULL;
    f->server = soup_server_new("tls-certificate", certificate, NULL);
    soup_server_add_handler(f->server, NULL, on_request, f, NULL);
    soup_server_listen_local(f->server, port,
                             SOUP_SERVER_LISTEN_HTTPS | SOUP_SERVER_LISTEN_IPV4_ONLY, &error);
    g_assert_no_error(error);
    if (f->broker)
        return;
    GSList *uris = soup_server_get_uris(f->server);
    g_autofree char *address = g_strdup_printf("127.0.0.1:%d", g_uri_get_port(uris->data));
    f->broker = oriel_uri_parse(address, NULL);
    g_slist_free_full(uris, (GDestroyNotify)g_uri_unref);
}

static void
stop_server(Fixture *f)
{
    soup_server_disconnect(f->server);
    g_clear_object(&f->held);
    g_clear_object(&f->server);
}

static void
set_up(Fixture *f, gconstpointer trusted)
{
    f->directory = g_dir_make_tmp("oXXXXXX", NULL);
    f->path = g_build_filename(f->directory, "known-brokers", NULL);
    f->known = known_brokers_new(f->path);
    f->issuer = test_issuer_new("Oriel authority");
    start_server(f, f->issuer);
    f->client = rest_client_new(f->broker, f->known);
    if (!trusted)
        return;
    g_autoptr(GTlsCertificate) leaf = test_issuer_sign(f->issuer, "127.0.0.1", -DAY, DAY, TRUE);
    g_assert_true(known_brokers_remember(f->known, f->broker, leaf, NULL));
}

static void
tear_down(Fixture *f, gconstpointer data)
{
    g_object_unref(f->client);
    if (f->server)
        stop_server(f);
    g_clear_object(&f->cancel_when_held);
    known_brokers_free(f->known);
    test_issuer_free(f->issuer);
    oriel_uri_free(f->broker);
    g_unlink(f->path);
    g_rmdir(f->directory);
    g_free(f->path);
    g_free(f->directory);
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

static json_t *
get(Fixture *f, const char *path, guint *status, GError **error)
{
    return rest_client_call(f->client, "GET", path, NULL, 10, status, error);
}

static void
expect_error(Fixture *f, const char *path, guint expected_status, int code, const char *message)
{
    g_autoptr(GError) error = NULL;
    guint status = 0;
    g_assert_null(get(f, path, &status, &error));
    g_assert_error(error, ORIEL_ERROR, code);
    g_assert_cmpuint(status, ==, expected_status);
    if (message)
        g_assert_nonnull(strstr(error->message, message));
}

static void
test_call(Fixture *f, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    guint status = 0;
    json_t *body = json_pack("{s:s}", "username", "anna");
    rest_client_set_token(f->client, "s3cret");
    json_t *got = rest_client_call(f->client, "POST", "/echo?x=1", body, 10, &status, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(status, ==, 201);
    g_assert_cmpstr(json_string_value(json_object_get(got, "method")), ==, "POST");
    g_assert_cmpstr(json_string_value(json_object_get(got, "authorization")), ==, "Bearer s3cret");
    g_assert_true(json_equal(json_object_get(got, "sent"), body));
    json_decref(got);
    json_decref(body);

    rest_client_set_token(f->client, NULL);
    got = get(f, "/echo", NULL, &error);
    g_assert_no_error(error);
    g_assert_null(json_object_get(got, "authorization"));
    json_decref(got);

    got = get(f, "/empty", &status, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(status, ==, 204);
    g_assert_true(json_is_null(got));
}

static void
test_problems(Fixture *f, gconstpointer data)
{
    expect_error(f, "/problem", 409, ORIEL_ERROR_EXISTS, "There is one already.");
    expect_error(f, "/busy", 503, ORIEL_ERROR_BUSY, "Busy");
    expect_error(f, "/plain-503", 503, ORIEL_ERROR_UNAVAILABLE, "503");
    expect_error(f, "/nothing", 404, ORIEL_ERROR_NOT_FOUND, NULL);
    expect_error(f, "/no-json", 200, ORIEL_ERROR_PROTOCOL, NULL);
    expect_error(f, "/twice", 200, ORIEL_ERROR_PROTOCOL, NULL);
    expect_error(f, "/large", 200, ORIEL_ERROR_PROTOCOL, "too large");
    expect_error(f, "/away", 302, ORIEL_ERROR_FAILED, NULL);
}

static void
test_deadline(Fixture *f, gconstpointer data)
{
    /* On a busy machine the first deadline may pass before the request has reached the server. */
    for (int tries = 0; tries < 10 && !f->held; tries++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(rest_client_call(f->client, "GET", "/hold", NULL, 1, NULL, &error));
        g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_TIMEOUT);
    }
    g_assert_nonnull(f->held);
}

static void
take_result(GObject *source, GAsyncResult *result, gpointer user)
{
    *(GAsyncResult **)user = g_object_ref(result);
}

static void
test_cancel(Fixture *f, gconstpointer data)
{
    g_autoptr(GAsyncResult) result = NULL;
    g_autoptr(GError) error = NULL;
    f->cancel_when_held = g_cancellable_new();
    rest_client_call_async(f->client, "GET", "/hold", NULL, 60, f->cancel_when_held, take_result,
                           &result);
    while (!result)
        g_main_context_iteration(NULL, TRUE);
    g_assert_null(rest_client_call_finish(f->client, result, NULL, &error));
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

    /* Cancelled before it began. */
    g_clear_object(&result);
    g_clear_error(&error);
    rest_client_call_async(f->client, "GET", "/echo", NULL, 60, f->cancel_when_held, take_result,
                           &result);
    while (!result)
        g_main_context_iteration(NULL, TRUE);
    g_assert_null(rest_client_call_finish(f->client, result, NULL, &error));
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_unknown(Fixture *f, gconstpointer data)
{
    expect_error(f, "/echo", 0, ORIEL_ERROR_REFUSED, "not known");
    g_assert_cmpint(rest_client_trust(f->client), ==, BROKER_TRUST_UNKNOWN);
    g_assert_cmpuint(f->asked, ==, 0);

    g_assert_true(known_brokers_remember(f->known, f->broker, rest_client_chain(f->client), NULL));
    json_t *got = get(f, "/echo", NULL, NULL);
    g_assert_nonnull(got);
    g_assert_cmpint(rest_client_trust(f->client), ==, BROKER_TRUST_TRUSTED);
    json_decref(got);
}

static gboolean
count_and_accept(RestClient *client, GTlsCertificate *chain, gpointer user)
{
    g_assert_nonnull(g_tls_certificate_get_issuer(chain));
    ++*(guint *)user;
    return TRUE;
}

static void
test_unknown_callback(Fixture *f, gconstpointer data)
{
    guint asked = 0;
    rest_client_set_unknown(f->client, count_and_accept, &asked);
    for (guint i = 0; i < 3; i++) {
        json_t *got = get(f, "/echo", NULL, NULL);
        g_assert_nonnull(got);
        json_decref(got);
    }
    g_assert_cmpuint(asked, ==, 1);
    g_assert_false(g_file_test(f->path, G_FILE_TEST_EXISTS));
}

static void
test_changed(Fixture *f, gconstpointer data)
{
    json_t *got = get(f, "/echo", NULL, NULL);
    g_assert_nonnull(got);
    json_decref(got);
    stop_server(f);
    f->asked = 0;
    expect_error(f, "/echo", 0, ORIEL_ERROR_UNAVAILABLE, NULL);

    g_autoptr(TestIssuer) thief = test_issuer_new("Oriel authority");
    start_server(f, thief);
    rest_client_set_token(f->client, "s3cret");
    expect_error(f, "/echo", 0, ORIEL_ERROR_REFUSED, "Remembered:");
    g_assert_cmpint(rest_client_trust(f->client), ==, BROKER_TRUST_REFUSED);
    g_assert_cmpuint(f->asked, ==, 0);
}

static void
test_accept_fingerprint(Fixture *f, gconstpointer data)
{
    g_assert_false(rest_client_accept_fingerprint(f->client, "AB:CD"));
    g_assert_true(rest_client_accept_fingerprint(
        f->client, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff"));
    expect_error(f, "/echo", 0, ORIEL_ERROR_REFUSED, "Expected:");
    g_assert_cmpint(rest_client_trust(f->client), ==, BROKER_TRUST_REFUSED);

    g_autofree char *shown = tls_fingerprint(rest_client_chain(f->client));
    g_assert_true(rest_client_accept_fingerprint(f->client, shown));
    json_t *got = get(f, "/echo", NULL, NULL);
    g_assert_nonnull(got);
    json_decref(got);
    g_assert_true(g_file_test(f->path, G_FILE_TEST_EXISTS));
}

/* A name may lead to several addresses; which one answered is told. */
static void
test_peer(Fixture *f, gconstpointer data)
{
    g_autofree char *address = g_strdup_printf("localhost:%u", oriel_uri_port(f->broker));
    g_autoptr(OrielUri) named = oriel_uri_parse(address, NULL);
    g_autoptr(RestClient) client = rest_client_new(named, f->known);

    g_assert_null(rest_client_peer(client));
    guint asked = 0;
    rest_client_set_unknown(client, count_and_accept, &asked);
    json_t *got = rest_client_call(client, "GET", "/echo", NULL, 0, NULL, NULL);
    g_assert_nonnull(got);
    json_decref(got);
    g_assert_cmpstr(rest_client_peer(client), ==, "127.0.0.1");
    /* also over the connection that is there already */
    got = rest_client_call(client, "GET", "/echo", NULL, 0, NULL, NULL);
    json_decref(got);
    g_assert_cmpstr(rest_client_peer(client), ==, "127.0.0.1");
}

int
main(int argc, char **argv)
{
    /* A proxy in the environment must make no difference. */
    g_setenv("https_proxy", "http://127.0.0.1:1", TRUE);
    g_setenv("all_proxy", "http://127.0.0.1:1", TRUE);
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function, trusted)                                                               \
    g_test_add("/rest-client/" name, Fixture, trusted, set_up, function, tear_down)
    ADD("call", test_call, "trusted");
    ADD("problems", test_problems, "trusted");
    ADD("deadline", test_deadline, "trusted");
    ADD("cancel", test_cancel, "trusted");
    ADD("unknown", test_unknown, NULL);
    ADD("unknown-callback", test_unknown_callback, NULL);
    ADD("changed", test_changed, "trusted");
    ADD("peer", test_peer, NULL);
    ADD("accept-fingerprint", test_accept_fingerprint, NULL);
    return g_test_run();
}
