/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <glib-unix.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "broker/auth/password.h"
#include "broker/broker.h"
#include "broker/state.h"
#include "common/log.h"
#include "oriel-config.h"

/* Standard input's first line, without its end; NULL with a message shown. */
static char *
read_password(void)
{
    char line[PASSWORD_MAX + 2] = "";
    char *password = NULL;

    if (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\r\n")] = '\0';
        password = g_strdup(line);
    } else {
        g_printerr("oriel-broker: Give the password on standard input.\n");
    }
    sodium_memzero(line, sizeof line);
    return password;
}

static gboolean
init_admin(const BrokerOptions *options, GError **error)
{
    char *password = read_password();
    gboolean ok = password && state_init_admin(options->state_dir, options->admin, password, error);

    password_wipe(password);
    return ok;
}

static gboolean
print_fingerprint(const BrokerOptions *options, GError **error)
{
    if (!state_prepare(options->state_dir, error))
        return FALSE;
    g_autoptr(Authority) authority =
        authority_open(options->state_dir, options->public_name, error);
    if (authority)
        g_print("%s\n", authority_fingerprint(authority));
    return authority != NULL;
}

static gboolean
stop(gpointer loop)
{
    g_main_loop_quit(loop);
    return G_SOURCE_CONTINUE;
}

static gboolean
serve(const BrokerOptions *options, GError **error)
{
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    g_autoptr(Broker) broker = broker_new(options, error);

    if (!broker)
        return FALSE;
    g_unix_signal_add(SIGTERM, stop, loop);
    g_unix_signal_add(SIGINT, stop, loop);
    g_message("Listening on port %u; the certificate's SHA-256 fingerprint is %s.",
              broker_port(broker), broker_fingerprint(broker));
    g_main_loop_run(loop);
    g_message("Ending.");
    return TRUE;
}

static gboolean
run(const BrokerOptions *options, GError **error)
{
    switch (options->action) {
    case BROKER_VERSION:
        g_print("oriel-broker %s\n", ORIEL_VERSION);
        return TRUE;
    case BROKER_INIT_ADMIN:
        return init_admin(options, error);
    case BROKER_FINGERPRINT:
        return print_fingerprint(options, error);
    case BROKER_SERVE:
        return serve(options, error);
    }
    return FALSE;
}

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;

    /* Whatever is made from here on is the broker's own. */
    umask(0077);
    signal(SIGPIPE, SIG_IGN);
    oriel_log_init("oriel-broker");
    if (sodium_init() < 0) {
        g_printerr("oriel-broker: libsodium does not start.\n");
        return 1;
    }
    g_autoptr(BrokerOptions) options = broker_options_new(&argc, &argv, &error);
    if (options && run(options, &error))
        return 0;
    if (error)
        g_printerr("oriel-broker: %s\n", error->message);
    return error && error->domain == G_OPTION_ERROR ? 2 : 1;
}
