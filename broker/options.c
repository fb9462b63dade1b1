/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/options.h"

#include <gio/gio.h>

#include "common/config.h"
#include "common/error.h"
#include "oriel-config.h"

#define DEFAULT_CONFIG ORIEL_SYSCONFDIR "/broker.conf"
#define DEFAULT_STATE  "/var/lib/oriel/broker"
#define DEFAULT_HOST   "unix:/run/oriel/host.sock"
#define DEFAULT_PORT   8443
#define DEFAULT_GRACE  24
/* A browser has up to six, a viewer three: a hundred people behind one address. */
#define DEFAULT_CONNECTIONS_OF_ADDRESS 512

static const OrielConfigKey known_keys[] = {
    {"broker", "listen"},
    {"broker", "port"},
    {"broker", "state-dir"},
    {"broker", "public-name"},
    {"broker", "unknown-desktop-grace-hours"},
    {"broker", "connections-of-address"},
    {"hosts", NULL},
    {NULL, NULL},
};

/* What the command line says; NULL and -1: nothing. */
typedef struct {
    char *config;
    char *state_dir;
    char *listen;
    char *admin;
    int port;
    gboolean version;
    gboolean fingerprint;
} CommandLine;

static void
command_line_clear(CommandLine *line)
{
    g_free(line->config);
    g_free(line->state_dir);
    g_free(line->listen);
    g_free(line->admin);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CommandLine, command_line_clear)

void
broker_options_free(BrokerOptions *options)
{
    if (!options)
        return;
    g_free(options->admin);
    g_free(options->state_dir);
    g_strfreev(options->addresses);
    g_free(options->public_name);
    g_clear_pointer(&options->hosts, g_hash_table_unref);
    g_strfreev(options->host_names);
    g_free(options);
}

static gboolean
parse(CommandLine *line, int *argc, char ***argv, GError **error)
{
    const GOptionEntry entries[] = {
        {"config", 'c', 0, G_OPTION_ARG_FILENAME, &line->config,
         "Read this file instead of " DEFAULT_CONFIG, "FILE"},
        {"state-dir", 0, 0, G_OPTION_ARG_FILENAME, &line->state_dir,
         "Keep the database and the certificates here", "DIR"},
        {"listen", 0, 0, G_OPTION_ARG_STRING, &line->listen,
         "Listen on these addresses, separated by commas", "ADDRESS"},
        {"port", 'p', 0, G_OPTION_ARG_INT, &line->port, "Listen on this port (0: any free one)",
         "PORT"},
        {"init-admin", 0, 0, G_OPTION_ARG_STRING, &line->admin,
         "Make or reset this administrator, with the password from standard input, and exit",
         "NAME"},
        {"fingerprint", 0, 0, G_OPTION_ARG_NONE, &line->fingerprint,
         "Print the SHA-256 fingerprint of the certificate, making it if needed, and exit", NULL},
        {"version", 0, 0, G_OPTION_ARG_NONE, &line->version, "Print the version and exit", NULL},
        {NULL, 0, 0, 0, NULL, NULL, NULL}};
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);

    g_option_context_set_summary(
        context, "Decides who may have which desktop, and brings its screen to them.");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, argc, argv, error))
        return FALSE;
    if (*argc > 1) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "“%s” is not understood.",
                    (*argv)[1]);
        return FALSE;
    }
    if (line->port < -1 || line->port > 65535) {
        g_set_error_literal(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                            "A port is a number from 0 to 65535.");
        return FALSE;
    }
    return TRUE;
}

static gboolean
read_addresses(BrokerOptions *options, const char *text, GError **error)
{
    g_autoptr(GStrvBuilder) addresses = g_strv_builder_new();
    g_auto(GStrv) words = g_strsplit_set(text, ", ;", -1);

    for (char **word = words; *word; word++) {
        if (!**word)
            continue;
        g_autoptr(GInetAddress) address =
            g_inet_address_new_from_string(g_str_equal(*word, "localhost") ? "127.0.0.1" : *word);
        if (!address) {
            g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID,
                        "listen: “%s” is no numeric address.", *word);
            return FALSE;
        }
        g_autofree char *numeric = g_inet_address_to_string(address);
        g_strv_builder_add(addresses, numeric);
    }
    options->addresses = g_strv_builder_end(addresses);
    if (options->addresses[0])
        return TRUE;
    g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_INVALID, "listen: there is no address.");
    return FALSE;
}

static void
read_hosts(BrokerOptions *options, GKeyFile *config)
{
    options->hosts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    options->host_names = g_key_file_get_keys(config, "hosts", NULL, NULL);
    if (!options->host_names)
        options->host_names = g_strdupv((char *[]){(char *)"local", NULL});
    for (char **name = options->host_names; *name; name++)
        g_hash_table_insert(options->hosts, g_strdup(*name),
                            oriel_config_string(config, "hosts", *name, DEFAULT_HOST));
}

static gboolean
read_config(BrokerOptions *options, const CommandLine *line, GKeyFile *config, GError **error)
{
    g_autofree char *listen = oriel_config_string(config, "broker", "listen", "127.0.0.1");
    int port = DEFAULT_PORT, grace = DEFAULT_GRACE;
    int connections = DEFAULT_CONNECTIONS_OF_ADDRESS;

    if (!oriel_config_int(config, "broker", "port", 0, 65535, &port, error) ||
        !oriel_config_int(config, "broker", "unknown-desktop-grace-hours", 0, 24 * 365, &grace,
                          error) ||
        !oriel_config_int(config, "broker", "connections-of-address", 0, 100000, &connections,
                          error) ||
        !read_addresses(options, line->listen ? line->listen : listen, error))
        return FALSE;
    options->port = line->port >= 0 ? line->port : port;
    options->connections_of_address = connections;
    options->grace_seconds = (gint64)grace * 60 * 60;
    options->public_name = oriel_config_string(config, "broker", "public-name", NULL);
    options->state_dir = line->state_dir
                             ? g_strdup(line->state_dir)
                             : oriel_config_string(config, "broker", "state-dir", DEFAULT_STATE);
    read_hosts(options, config);
    return TRUE;
}

BrokerOptions *
broker_options_new(int *argc, char ***argv, GError **error)
{
    g_autoptr(BrokerOptions) options = g_new0(BrokerOptions, 1);
    g_auto(CommandLine) line = {.port = -1};

    if (!parse(&line, argc, argv, error))
        return NULL;
    if (line.version) {
        options->action = BROKER_VERSION;
        return g_steal_pointer(&options);
    }
    g_autoptr(GKeyFile) config = oriel_config_load(line.config ? line.config : DEFAULT_CONFIG,
                                                   line.config != NULL, known_keys, error);
    if (!config || !read_config(options, &line, config, error))
        return NULL;
    options->action = line.admin         ? BROKER_INIT_ADMIN
                      : line.fingerprint ? BROKER_FINGERPRINT
                                         : BROKER_SERVE;
    options->admin = g_steal_pointer(&line.admin);
    return g_steal_pointer(&options);
}
