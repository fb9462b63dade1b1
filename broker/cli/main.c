/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/cli/command-line.h"
#include "broker/cli/session.h"
#include "oriel-config.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

static int
usage(const char *message)
{
    fprintf(stderr, "orielctl: %s\n", message);
    return CLI_USAGE;
}

/* orielctl NOUN VERB …, argv[0] is the noun. */
static int
run_noun(const Noun *noun, int argc, char **argv, Cli *cli, GlobalOptions *options,
         KnownBrokers *known)
{
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) names = NULL;

    if (argc < 2 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
        print_noun_help(noun);
        return argc < 2 ? CLI_USAGE : CLI_DONE;
    }
    const Verb *verb = verb_find(noun, argv[1]);
    if (!verb) {
        g_autofree char *message =
            g_strdup_printf("“%s” is nothing that can be done with a %s; see orielctl %s --help.",
                            argv[1], noun->name, noun->name);
        return usage(message);
    }
    json_t *body = verb_parse(noun, verb, argc - 1, argv + 1, options, &names, &error);
    if (!body || !global_options_check(options, &error)) {
        json_decref(body);
        return usage(error->message);
    }
    cli->json = !g_strcmp0(options->output, "json");
    cli->quiet = options->quiet;
    int status = session_open(cli, options, known);
    if (status == CLI_DONE)
        status = verb->run(cli, noun, names, body);
    json_decref(body);
    return status;
}

/* The commands that are no noun: -1 when word is none of them. */
static int
run_word(const char *word, int argc, char **argv, Cli *cli, GlobalOptions *options,
         KnownBrokers *known)
{
    int (*run)(Cli *) = !strcmp(word, "logout")   ? session_logout
                        : !strcmp(word, "whoami") ? session_whoami
                                                  : NULL;

    if (!strcmp(word, "login"))
        return session_login(argc, argv, options, known);
    if (!strcmp(word, "help")) {
        print_help();
        return CLI_DONE;
    }
    if (!run)
        return -1;
    int status = session_open(cli, options, known);
    return status == CLI_DONE ? run(cli) : status;
}

static int
run(int argc, char **argv, Cli *cli, GlobalOptions *options, KnownBrokers *known)
{
    if (argc < 2) {
        print_help();
        return CLI_USAGE;
    }
    const Noun *noun = noun_find(argv[1]);
    if (noun)
        return run_noun(noun, argc - 1, argv + 1, cli, options, known);
    int status = run_word(argv[1], argc - 1, argv + 1, cli, options, known);
    if (status >= 0)
        return status;
    g_autofree char *message = g_strdup_printf("There is no “%s”; see orielctl --help.", argv[1]);
    return usage(message);
}

int
main(int argc, char **argv)
{
    g_auto(GlobalOptions) options = {0};
    Cli cli = {0};
    g_autofree GOptionEntry *entries = global_entries(&options);
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;

    setlocale(LC_ALL, "");
    if (argc > 1 && !strcmp(argv[1], "__words")) {
        print_words(argc - 2, argv + 2);
        return CLI_DONE;
    }
    if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
        print_help();
        return CLI_DONE;
    }
    g_option_context_set_strict_posix(context, TRUE);
    g_option_context_set_help_enabled(context, FALSE);
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error) ||
        !global_options_check(&options, &error))
        return usage(error->message);
    if (options.version) {
        puts("orielctl " ORIEL_VERSION);
        return CLI_DONE;
    }
    cli.json = !g_strcmp0(options.output, "json");
    cli.quiet = options.quiet;
    g_autoptr(KnownBrokers) known = known_brokers_new(NULL);
    int status = run(argc, argv, &cli, &options, known);
    g_clear_object(&cli.client);
    return status;
}
