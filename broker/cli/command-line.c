/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/cli/command-line.h"

#include "broker/cli/password.h"
#include "common/error.h"

#include <stdio.h>
#include <string.h>

/* What the option parser fills in for one field. */
typedef struct {
    char *text;
    char **list;
    gboolean yes, no;
} Value;

GOptionEntry *
global_entries(GlobalOptions *options)
{
    const GOptionEntry entries[] = {
        {"broker", 'b', 0, G_OPTION_ARG_STRING, &options->broker,
         "The broker's address (default: the one you signed in to)", "HOST[:PORT]"},
        {"output", 'o', 0, G_OPTION_ARG_STRING, &options->output, "table (default) or json",
         "FORMAT"},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &options->quiet, "Print results and errors only",
         NULL},
        {"accept-fingerprint", 0, 0, G_OPTION_ARG_STRING, &options->fingerprint,
         "Trust a broker's certificate with this fingerprint at first use", "AB:CD:…"},
        {"version", 0, 0, G_OPTION_ARG_NONE, &options->version, "Print the version", NULL},
        {NULL}};

    return g_memdup2(entries, sizeof entries);
}

gboolean
global_options_check(const GlobalOptions *options, GError **error)
{
    if (!options->output || !strcmp(options->output, "json") || !strcmp(options->output, "table"))
        return TRUE;
    g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID, "--output is table or json, not “%s”.",
                options->output);
    return FALSE;
}

void
global_options_clear(GlobalOptions *options)
{
    g_clear_pointer(&options->broker, g_free);
    g_clear_pointer(&options->output, g_free);
    g_clear_pointer(&options->fingerprint, g_free);
}

static guint
count_fields(const Field *fields)
{
    guint n = 0;

    while (fields && fields[n].option)
        n++;
    return n;
}

/* Entries for the fields: a FLAG has two ("force", "no-force"). negated holds the second ones'
 * names. */
static GOptionEntry *
field_entries(const Field *fields, guint n, Value *values, GPtrArray *negated)
{
    GOptionEntry *entries = g_new0(GOptionEntry, 2 * n + 1);
    guint e = 0;

    for (guint i = 0; i < n; i++) {
        const Field *field = &fields[i];
        GOptionEntry entry = {
            field->option,  0, 0, G_OPTION_ARG_STRING, &values[i].text, field->help,
            field->argument};
        if (field->type == FIELD_LIST || field->type == FIELD_MACHINES) {
            entry.arg = G_OPTION_ARG_STRING_ARRAY;
            entry.arg_data = &values[i].list;
        } else if (field->type == FIELD_FLAG || field->type == FIELD_PASSWORD) {
            entry.arg = G_OPTION_ARG_NONE;
            entry.arg_data = &values[i].yes;
        }
        entries[e++] = entry;
        if (field->type != FIELD_FLAG)
            continue;
        char *name = g_strconcat("no-", field->option, NULL);
        g_ptr_array_add(negated, name);
        entries[e++] = (GOptionEntry){
            name, 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &values[i].no, NULL, NULL};
    }
    return entries;
}

static json_t *
list_value(char **list)
{
    json_t *array = json_array();

    for (; *list; list++)
        json_array_append_new(array, json_string(*list));
    return array;
}

static json_t *
number_value(const Field *field, const char *text, GError **error)
{
    gint64 number;

    if (!g_ascii_string_to_signed(text, 10, G_MININT32, G_MAXINT32, &number, NULL)) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID, "--%s takes a whole number, not “%s”.",
                    field->option, text);
        return NULL;
    }
    return json_integer(number);
}

/* NAME=HOST:PORT[,USER] */
static json_t *
machines_value(const Field *field, char **list, GError **error)
{
    json_t *array = json_array();

    for (; *list; list++) {
        const char *equals = strchr(*list, '='), *comma = strrchr(*list, ',');
        if (!equals) {
            g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID,
                        "--%s takes NAME=HOST:PORT[,USER], not “%s”.", field->option, *list);
            json_decref(array);
            return NULL;
        }
        g_autofree char *name = g_strndup(*list, equals - *list);
        g_autofree char *vnc =
            comma > equals ? g_strndup(equals + 1, comma - equals - 1) : g_strdup(equals + 1);
        json_t *machine = json_pack("{s:s,s:s}", "name", name, "vnc", vnc);
        if (comma > equals)
            json_object_set_new(machine, "user", json_string(comma + 1));
        json_array_append_new(array, machine);
    }
    return array;
}

static json_t *
password_value(gboolean from_stdin, GError **error)
{
    char *password =
        from_stdin ? password_from_stdin(error) : password_ask("New password", TRUE, error);
    json_t *value = password ? json_string(password) : NULL;

    password_free(password);
    return value;
}

/* The field's value for the request; NULL without error when it was not given. */
static json_t *
field_value(const Field *field, const Value *value, GError **error)
{
    switch (field->type) {
    case FIELD_PASSWORD:
        return password_value(value->yes, error);
    case FIELD_FLAG:
        return value->yes || value->no ? json_boolean(value->yes) : NULL;
    case FIELD_LIST:
        return value->list ? list_value(value->list) : NULL;
    case FIELD_MACHINES:
        return value->list ? machines_value(field, value->list, error) : NULL;
    case FIELD_NUMBER:
        return value->text ? number_value(field, value->text, error) : NULL;
    default:
        break;
    }
    if (!value->text)
        return NULL;
    json_t *text = json_string(value->text);
    if (!text)
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID, "The value of --%s is no UTF-8 text.",
                    field->option);
    return text;
}

/* Puts a value under its key; a dot in the key leads into an object. */
static void
set_member(json_t *body, const char *key, json_t *value)
{
    const char *dot = strchr(key, '.');

    if (!dot) {
        json_object_set_new(body, key, value);
        return;
    }
    g_autofree char *outer = g_strndup(key, dot - key);
    if (!json_object_get(body, outer))
        json_object_set_new(body, outer, json_object());
    json_object_set_new(json_object_get(body, outer), dot + 1, value);
}

static json_t *
make_body(const Field *fields, guint n, const Value *values, GError **error)
{
    json_t *body = json_object();

    for (guint i = 0; i < n; i++) {
        GError *local = NULL;
        json_t *value = field_value(&fields[i], &values[i], &local);
        if (local) {
            g_propagate_error(error, local);
            json_decref(body);
            return NULL;
        }
        if (value)
            set_member(body, fields[i].key, value);
    }
    return body;
}

/* Whether text can be a part of a path that names an item, and of JSON. A web server takes "%2F"
 * for a slash and follows "..": such a name would lead to an item of another kind. */
static gboolean
is_item(const char *text)
{
    return *text && !strchr(text, '/') && strcmp(text, ".") != 0 && strcmp(text, "..") != 0;
}

/* names: of the item first, of something else after it. */
static gboolean
check_names(const Noun *noun, const Verb *verb, char **names, GError **error)
{
    if ((int)g_strv_length(names) != verb->args) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID, "Usage: orielctl %s %s %s%s[OPTION…]",
                    noun->name, verb->name, verb->args_help, *verb->args_help ? " " : "");
        return FALSE;
    }
    for (char **name = names; *name; name++) {
        if (g_utf8_validate(*name, -1, NULL) && (name != names || is_item(*name)))
            continue;
        g_autofree char *shown = g_utf8_make_valid(*name, -1);
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID, "“%s” is no name.", shown);
        return FALSE;
    }
    return TRUE;
}

static void
values_free(Value *values, guint n)
{
    for (guint i = 0; i < n; i++) {
        g_free(values[i].text);
        g_strfreev(values[i].list);
    }
    g_free(values);
}

json_t *
verb_parse(const Noun *noun, const Verb *verb, int argc, char **argv, GlobalOptions *options,
           char ***names, GError **error)
{
    guint n = count_fields(verb->fields);
    Value *values = g_new0(Value, n + 1);
    g_autoptr(GPtrArray) negated = g_ptr_array_new_with_free_func(g_free);
    g_autofree GOptionEntry *entries = field_entries(verb->fields, n, values, negated);
    g_autofree GOptionEntry *globals = global_entries(options);
    g_autoptr(GOptionContext) context = g_option_context_new(verb->args_help);
    g_auto(GStrv) words = g_new0(char *, argc + 1);
    json_t *body = NULL;

    for (int i = 0; i < argc; i++)
        words[i] =
            i == 0 ? g_strdup_printf("orielctl %s %s", noun->name, verb->name) : g_strdup(argv[i]);
    g_set_prgname(words[0]);
    g_option_context_set_summary(context, verb->summary);
    g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_add_main_entries(context, globals, NULL);
    if (g_option_context_parse_strv(context, &words, error) &&
        check_names(noun, verb, words + 1, error)) {
        *names = g_strdupv(words + 1);
        body = make_body(verb->fields, n, values, error);
    }
    values_free(values, n);
    return body;
}

void
print_noun_help(const Noun *noun)
{
    printf("orielctl %s: %s\n\n", noun->name, noun->summary);
    for (const Verb *verb = noun->verbs; verb->name; verb++)
        printf("  orielctl %s %-8s %-14s %s\n", noun->name, verb->name, verb->args_help,
               verb->summary);
    printf("\n“orielctl %s VERB --help” tells a verb's options.\n", noun->name);
}

void
print_help(void)
{
    puts("Usage: orielctl [OPTION…] NOUN VERB [NAME…] [OPTION…]\n");
    puts("  orielctl login BROKER --user NAME   Sign in (asks for the password, or "
         "--password-stdin)");
    puts("  orielctl logout                     Sign out");
    puts("  orielctl whoami                     Tell who is signed in, and where\n");
    for (const Noun *noun = nouns; noun->name; noun++) {
        printf("  %-8s %-32s", noun->name, noun->summary);
        for (const Verb *verb = noun->verbs; verb->name; verb++)
            printf(" %s", verb->name);
        putchar('\n');
    }
    puts(
        "\nOptions:\n  -b, --broker=HOST[:PORT]        The broker (default: the one you signed in "
        "to)\n"
        "  -o, --output=table|json         How results are printed\n"
        "  -q, --quiet                     Results and errors only\n"
        "      --accept-fingerprint=AB:…   Trust a certificate with this fingerprint at first use\n"
        "      --version                   Print the version\n\n"
        "Exit status: 0 done, 1 failed, 2 wrong usage. See orielctl(1).");
}

static void
print_option_words(const Verb *verb)
{
    for (guint i = 0; i < count_fields(verb->fields); i++) {
        printf("--%s\n", verb->fields[i].option);
        if (verb->fields[i].type == FIELD_FLAG)
            printf("--no-%s\n", verb->fields[i].option);
    }
    puts("--help\n--output\n--quiet\n--broker");
}

void
print_words(int argc, char **argv)
{
    const Noun *noun = argc > 0 ? noun_find(argv[0]) : NULL;
    const Verb *verb = noun && argc > 1 ? verb_find(noun, argv[1]) : NULL;

    if (verb) {
        print_option_words(verb);
    } else if (noun) {
        for (verb = noun->verbs; verb->name; verb++)
            puts(verb->name);
    } else if (argc == 0) {
        for (noun = nouns; noun->name; noun++)
            puts(noun->name);
        puts("login\nlogout\nwhoami");
    }
}
