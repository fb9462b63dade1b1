/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/cli/session.h"

#include "broker/cli/login-file.h"
#include "broker/cli/output.h"
#include "broker/cli/password.h"
#include "common/error.h"
#include "common/tls.h"

#include <stdio.h>
#include <unistd.h>

/* First use of a broker: the person compares the fingerprint. */
static gboolean
ask_to_trust(RestClient *client, GTlsCertificate *chain, gpointer user)
{
    KnownBrokers *known = user;
    g_autofree char *fingerprint = tls_fingerprint(chain);
    char answer[16];

    fprintf(stderr,
            "The broker %s shows a certificate that is not known here. Its fingerprint (SHA-256) "
            "is\n  %s\n",
            oriel_uri_display(rest_client_broker(client)), fingerprint);
    if (!isatty(STDIN_FILENO)) {
        fprintf(stderr, "Compare it, and pass it with --accept-fingerprint.\n");
        return FALSE;
    }
    fprintf(stderr, "Trust it? [y/N] ");
    if (!fgets(answer, sizeof answer, stdin) || (answer[0] != 'y' && answer[0] != 'Y'))
        return FALSE;
    return known_brokers_remember(known, rest_client_broker(client), chain, NULL);
}

static RestClient *
make_client(const char *address, const GlobalOptions *options, KnownBrokers *known, GError **error)
{
    g_autoptr(OrielUri) uri = oriel_uri_parse(address, error);

    if (!uri)
        return NULL;
    g_autoptr(RestClient) client = rest_client_new(uri, known);
    rest_client_set_unknown(client, ask_to_trust, known);
    if (options->fingerprint && !rest_client_accept_fingerprint(client, options->fingerprint)) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID, "“%s” is no SHA-256 fingerprint.",
                    options->fingerprint);
        return NULL;
    }
    return g_steal_pointer(&client);
}

/* Whether both name one broker, however they are spelled. */
static gboolean
is_same_broker(const char *a, const char *b)
{
    g_autoptr(OrielUri) first = a ? oriel_uri_parse(a, NULL) : NULL;
    g_autoptr(OrielUri) second = b ? oriel_uri_parse(b, NULL) : NULL;

    return first && second && g_str_equal(oriel_uri_address(first), oriel_uri_address(second));
}

static const char *
first_of(const char *a, const char *b, const char *c)
{
    return a ? a : b ? b : c;
}

int
session_open(Cli *cli, const GlobalOptions *options, KnownBrokers *known)
{
    LoginFile login;
    g_autoptr(GError) error = NULL;

    if (!login_file_load(&login, &error))
        return cli_fail(error);
    const char *broker = first_of(options->broker, g_getenv("ORIEL_BROKER"), login.broker);
    /* The remembered token belongs to the remembered broker and is shown to no other. */
    gboolean same = is_same_broker(broker, login.broker);
    const char *token = first_of(g_getenv("ORIEL_TOKEN"), same ? login.token : NULL, NULL);
    if (!broker || !token) {
        login_file_clear(&login);
        fprintf(stderr,
                "orielctl: You are not signed in%s%s. Use: orielctl login BROKER --user NAME\n",
                broker ? " to " : "", broker ? broker : "");
        return CLI_FAILED;
    }
    cli->client = make_client(broker, options, known, &error);
    if (cli->client)
        rest_client_set_token(cli->client, token);
    login_file_clear(&login);
    return cli->client ? CLI_DONE : cli_fail(error);
}

/* Signs in and remembers the token. */
static int
log_in(RestClient *client, const char *user, const char *password, gboolean quiet)
{
    g_autoptr(GError) error = NULL;
    json_t *ask = json_pack("{s:s, s:s}", "username", user, "password", password);
    json_t *answer = rest_client_call(client, "POST", "/api/v1/login", ask, 0, NULL, &error);

    json_decref(ask);
    if (!answer)
        return cli_fail(error);
    LoginFile login = {g_strdup(oriel_uri_address(rest_client_broker(client))),
                       g_strdup(json_string_value(json_object_get(answer, "token")))};
    json_decref(answer);
    gboolean saved = login.token && login_file_save(&login, &error);
    login_file_clear(&login);
    if (!saved)
        return error ? cli_fail(error) : CLI_FAILED;
    if (!quiet)
        printf("Signed in to %s as %s.\n", oriel_uri_display(rest_client_broker(client)), user);
    return CLI_DONE;
}

int
session_login(int argc, char **argv, GlobalOptions *options, KnownBrokers *known)
{
    g_autofree char *user = NULL;
    gboolean from_stdin = FALSE;
    const GOptionEntry entries[] = {
        {"user", 'u', 0, G_OPTION_ARG_STRING, &user, "Who signs in", "NAME"},
        {"password-stdin", 0, 0, G_OPTION_ARG_NONE, &from_stdin,
         "Read the password from standard input", NULL},
        {NULL}};
    g_autofree GOptionEntry *globals = global_entries(options);
    g_autoptr(GOptionContext) context = g_option_context_new("[BROKER]");
    g_autoptr(GError) error = NULL;

    g_set_prgname("orielctl login");
    g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_add_main_entries(context, globals, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error) || argc > 2 || !user) {
        fprintf(stderr, "orielctl: %s\n",
                error ? error->message : "Usage: orielctl login [BROKER] --user NAME");
        return CLI_USAGE;
    }
    const char *address =
        first_of(argc > 1 ? argv[1] : NULL, options->broker, g_getenv("ORIEL_BROKER"));
    g_autoptr(RestClient) client =
        make_client(address ? address : "localhost", options, known, &error);
    if (!client) {
        cli_fail(error);
        return CLI_USAGE;
    }
    char *password =
        from_stdin ? password_from_stdin(&error) : password_ask("Password", FALSE, &error);
    int status = password ? log_in(client, user, password, options->quiet) : cli_fail(error);
    password_free(password);
    return status;
}

int
session_logout(Cli *cli)
{
    LoginFile login;
    g_autoptr(GError) error = NULL;
    json_t *answer = cli_call(cli, "POST", "/api/v1/logout", NULL);
    int status = answer ? CLI_DONE : CLI_FAILED;

    json_decref(answer);
    /* The token is forgotten here also when the broker could not be told. */
    if (!login_file_load(&login, &error))
        return cli_fail(error);
    LoginFile out = {login.broker, NULL};
    if (login.broker && !login_file_save(&out, &error))
        status = cli_fail(error);
    login_file_clear(&login);
    if (status == CLI_DONE)
        output_note(cli, "Signed out.");
    return status;
}

int
session_whoami(Cli *cli)
{
    json_t *answer = cli_call(cli, "GET", "/api/v1/me", NULL);

    if (!answer)
        return CLI_FAILED;
    json_object_set_new(answer, "broker",
                        json_string(oriel_uri_display(rest_client_broker(cli->client))));
    output_item(cli, answer);
    json_decref(answer);
    return CLI_DONE;
}
