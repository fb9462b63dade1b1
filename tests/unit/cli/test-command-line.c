/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/cli/command-line.h"
#include "common/error.h"

/* Parses "orielctl NOUN VERB …". Returns the body as compact JSON with sorted keys, or NULL with
 * error. */
static char *
parse(const char *words, char ***names, GError **error)
{
    g_auto(GStrv) argv = g_strsplit(words, " ", -1);
    const Noun *noun = noun_find(argv[0]);
    const Verb *verb = noun_find(argv[0]) ? verb_find(noun, argv[1]) : NULL;
    GlobalOptions options = {0};

    g_assert_nonnull(verb);
    json_t *body =
        verb_parse(noun, verb, (int)g_strv_length(argv) - 1, argv + 1, &options, names, error);
    char *text = body ? json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_decref(body);
    g_free(options.output);
    return text;
}

static void
test_fields(void)
{
    g_auto(GStrv) names = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *body =
        parse("pool create demo --image big --cpus 2 --entitle everyone --entitle user:a", &names,
              &error);

    g_assert_no_error(error);
    g_assert_cmpstr(names[0], ==, "demo");
    g_assert_null(names[1]);
    g_assert_cmpstr(body, ==,
                    "{\"cpus\":2,\"entitled\":[\"everyone\",\"user:a\"],\"image\":\"big\"}");
}

static void
test_flags(void)
{
    g_auto(GStrv) yes = NULL, no = NULL, none = NULL;
    g_autofree char *on = parse("user set a --disabled", &yes, NULL);
    g_autofree char *off = parse("user set a --no-disabled", &no, NULL);
    g_autofree char *neither = parse("user set a", &none, NULL);

    g_assert_cmpstr(on, ==, "{\"disabled\":true}");
    g_assert_cmpstr(off, ==, "{\"disabled\":false}");
    g_assert_cmpstr(neither, ==, "{}");
}

static void
test_wrong(gconstpointer words)
{
    g_auto(GStrv) names = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *body = parse(words, &names, &error);

    g_assert_null(body);
    g_assert_nonnull(error);
}

/* Every option's JSON key is set once a verb, and verbs say how many names they take. */
static void
test_tables(void)
{
    for (const Noun *noun = nouns; noun->name; noun++) {
        g_assert_true(g_str_has_prefix(noun->collection, "/api/v1/"));
        g_assert_nonnull(verb_find(noun, "list"));
        for (const Verb *verb = noun->verbs; verb->name; verb++) {
            g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
            g_auto(GStrv) words = g_strsplit(verb->args_help, " ", -1);
            g_assert_cmpint((int)g_strv_length(words), ==, *verb->args_help ? verb->args : 0);
            g_assert_nonnull(verb->run);
            for (const Field *field = verb->fields; field && field->option; field++)
                g_assert_true(g_hash_table_add(seen, (gpointer)field->key));
        }
    }
}

static void
test_escape(void)
{
    g_autofree char *path = cli_item_path(noun_find("user"), "a/b?c");

    g_assert_cmpstr(path, ==, "/api/v1/users/a%2Fb%3Fc");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/command-line/fields", test_fields);
    g_test_add_func("/command-line/flags", test_flags);
    g_test_add_data_func("/command-line/no-name", "user show", test_wrong);
    g_test_add_data_func("/command-line/two-names", "user show a b", test_wrong);
    g_test_add_data_func("/command-line/empty-name", "user show ", test_wrong);
    g_test_add_data_func("/command-line/above", "user delete ..", test_wrong);
    g_test_add_data_func("/command-line/elsewhere", "user delete ../pools/demo", test_wrong);
    g_test_add_data_func("/command-line/no-text", "user create b\xff", test_wrong);
    g_test_add_data_func("/command-line/no-text-either", "group add g b\xff", test_wrong);
    g_test_add_data_func("/command-line/no-number", "pool create a --cpus two", test_wrong);
    g_test_add_data_func("/command-line/unknown-option", "pool create a --colour red", test_wrong);
    g_test_add_func("/command-line/tables", test_tables);
    g_test_add_func("/command-line/escape", test_escape);
    return g_test_run();
}
