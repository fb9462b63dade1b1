/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/cli/cli.h"

/* The options that stand before or after the noun. */
typedef struct {
    char *broker, *output, *fingerprint;
    gboolean quiet, version;
} GlobalOptions;

/* The options, as entries that fill options; ends with an empty one. Owned by the caller, which
 * keeps options alive. */
GOptionEntry *global_entries(GlobalOptions *options);
gboolean global_options_check(const GlobalOptions *options, GError **error);
void global_options_clear(GlobalOptions *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(GlobalOptions, global_options_clear)

/*
 * Parses what follows "orielctl NOUN VERB" (argv[0] is the verb). Returns the request's body
 * (fields that were given) and the names in *names, or NULL with error (wrong usage). Asks for a
 * password where the verb needs one. --help prints and exits.
 */
json_t *verb_parse(const Noun *noun, const Verb *verb, int argc, char **argv,
                   GlobalOptions *options, char ***names, GError **error);

/* The overview, and that of one noun. */
void print_help(void);
void print_noun_help(const Noun *noun);
/* Words for the shell's completion, one a line: nouns; with a noun its verbs; with both the
 * options. */
void print_words(int argc, char **argv);
