/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/log.h"
#include "common/unix-socket.h"
#include "host/net/carrier.h"
#include "host/net/net-sandbox.h"
#include "oriel-config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { EXIT_USAGE = 2 };

#define BYTES_PER_MBIT 125000
#define MAX_RATE_MBIT  (1000 * 1000)

typedef struct {
    char *socket, *counters;
    int rate;
    gboolean isolated, bare, version;
} Options;

static void
options_clear(Options *options)
{
    g_free(options->socket);
    g_free(options->counters);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)

static gboolean
parse(int argc, char **argv, Options *options)
{
    const GOptionEntry entries[] = {
        {"qemu-unix", 0, 0, G_OPTION_ARG_FILENAME, &options->socket,
         "Where QEMU waits with the guest's frames", "PATH"},
        {"counters", 0, 0, G_OPTION_ARG_FILENAME, &options->counters, "Count here what is carried",
         "PATH"},
        {"rate", 0, 0, G_OPTION_ARG_INT, &options->rate,
         "Mbit a second in each direction (0: no limit)", "N"},
        {"isolated", 0, 0, G_OPTION_ARG_NONE, &options->isolated,
         "Give the guest an address, and no way out", NULL},
        {"no-sandbox", 0, 0, G_OPTION_ARG_NONE, &options->bare,
         "Keep all rights, for debuggers and profilers", NULL},
        {"version", 0, 0, G_OPTION_ARG_NONE, &options->version, "Show the version", NULL},
        {NULL},
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;
    g_option_context_set_summary(context, "Carries one guest's network.");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error))
        fprintf(stderr, "oriel-net: %s\n", error->message);
    else if (argc > 1)
        fprintf(stderr, "oriel-net: “%s” is not understood.\n", argv[1]);
    else if (!options->version && (!options->socket || !options->counters))
        fprintf(stderr, "oriel-net: --qemu-unix and --counters are needed.\n");
    else if (options->rate < 0 || options->rate > MAX_RATE_MBIT)
        fprintf(stderr, "oriel-net: --rate must be from 0 to %d.\n", MAX_RATE_MBIT);
    else
        return TRUE;
    return FALSE;
}

static gboolean
run(const Options *options, GError **error)
{
    const CarrierOptions wanted = {.isolated = options->isolated,
                                   .rate = (guint64)options->rate * BYTES_PER_MBIT};
    NetCounters *counters = net_counters_map(options->counters, error);
    int fd = counters ? oriel_connect_unix(options->socket, error) : -1;
    Carrier *carrier = fd >= 0 ? carrier_open(fd, &wanted, counters) : NULL;
    gboolean confined = carrier && (options->bare || net_sandbox_enter(options->isolated, error));
    if (confined)
        carrier_run(carrier);
    carrier_close(carrier);
    net_counters_unmap(counters);
    return confined;
}

int
main(int argc, char **argv)
{
    g_auto(Options) options = {.bare = ORIEL_SANITIZED};
    g_autoptr(GError) error = NULL;
    oriel_log_init("oriel-net");
    signal(SIGPIPE, SIG_IGN);
    if (!parse(argc, argv, &options))
        return EXIT_USAGE;
    if (options.version) {
        printf("oriel-net %s\n", ORIEL_VERSION);
        return EXIT_SUCCESS;
    }
    if (run(&options, &error))
        return EXIT_SUCCESS;
    g_critical("%s", error->message);
    return EXIT_FAILURE;
}
