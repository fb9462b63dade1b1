/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/api/fields.h"

#include <string.h>

#include "broker/api/authority-name.h"
#include "common/error.h"

/* Reads the fields every test knows; returns the message, or NULL when all is well. */
static char *
read_all(const char *text)
{
    static const char *const words[] = {"keep", "delete", NULL};
    json_t *object = json_loads(text, JSON_ALLOW_NUL, NULL);
    const char *name = NULL, *title = NULL, *word = NULL;
    g_auto(GStrv) list = NULL;
    gint64 number = 0;
    gboolean flag = FALSE;
    GError *error = NULL;
    Fields fields;

    g_assert_nonnull(object);
    fields_init(&fields, object);
    fields_name(&fields, "name", FIELD_REQUIRED, &name);
    fields_string(&fields, "title", FIELD_OPTIONAL, 1, 10, &title);
    fields_word(&fields, "word", FIELD_OPTIONAL, words, &word);
    fields_integer(&fields, "number", FIELD_OPTIONAL, 1, 5, &number);
    fields_bool(&fields, "flag", FIELD_OPTIONAL, &flag);
    fields_strings(&fields, "list", FIELD_OPTIONAL, 2, &list);
    char *message = fields_finish(&fields, &error) ? NULL : g_strdup(error->message);
    if (error)
        g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID);
    g_clear_error(&error);
    json_decref(object);
    return message;
}

static void
test_good(void)
{
    g_autofree char *message = read_all(
        "{\"name\":\"demo\",\"title\":\"Tïtle\",\"word\":\"keep\",\"number\":5,\"flag\":true,"
        "\"list\":[\"a\",\"b\"]}");
    g_assert_null(message);
}

/* Each is refused, and the message names the field. */
static void
test_bad(void)
{
    static const char *const bad[][2] = {
        {"{}", "“name” is missing"},
        {"{\"name\":5}", "“name” must be a string"},
        {"{\"name\":null}", "“name” must be a string"},
        {"{\"name\":\"A\"}", "“name” must have"},
        {"{\"name\":\"a\",\"title\":\"\"}", "“title” may not be empty"},
        {"{\"name\":\"a\",\"title\":\"12345678901\"}", "“title” is too long"},
        {"{\"name\":\"a\",\"title\":\"a\\nb\"}", "“title” may not hold control"},
        {"{\"name\":\"a\",\"title\":\"a\\u0000b\"}", "“title” may not hold control"},
        {"{\"name\":\"a\",\"word\":\"burn\"}", "“word” must be one of “keep”, “delete”"},
        {"{\"name\":\"a\",\"number\":6}", "“number” must be a whole number from 1 to 5"},
        {"{\"name\":\"a\",\"number\":1.5}", "“number” must be a whole number"},
        {"{\"name\":\"a\",\"number\":\"1\"}", "“number” must be a whole number"},
        {"{\"name\":\"a\",\"flag\":1}", "“flag” must be true or false"},
        {"{\"name\":\"a\",\"list\":\"a\"}", "“list” must be a list"},
        {"{\"name\":\"a\",\"list\":[1]}", "“list” must be a list of strings"},
        {"{\"name\":\"a\",\"list\":[\"a\",\"b\",\"c\"]}", "“list” has too many"},
        {"{\"name\":\"a\",\"surprise\":1}", "“surprise” is no field"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *message = read_all(bad[i][0]);
        g_assert_nonnull(message);
        if (!g_str_has_prefix(message, bad[i][1]))
            g_error("%s: “%s” does not begin with “%s”", bad[i][0], message, bad[i][1]);
    }
}

static void
test_long_unknown_name(void)
{
    g_autofree char *name = g_strnfill(5000, 'x');
    g_autofree char *text = g_strdup_printf("{\"name\":\"a\",\"%s\":1}", name);
    g_autofree char *message = read_all(text);

    g_assert_cmpuint(strlen(message), <, 200);
}

static void
test_authority_name(void)
{
    static const char *const cases[][3] = {
        /* Host header, public-name, what clients are told */
        {"desk.example:8443", NULL, "desk.example:8443"},
        {"desk.example", NULL, "desk.example:443"},
        {"127.0.0.1:9000", NULL, "127.0.0.1:9000"},
        {"[::1]:9000", NULL, "[::1]:9000"},
        {"desk.example:9000", "public.example", "public.example:8443"},
        {"desk.example:9000", "fd00::1", "[fd00::1]:8443"},
        {NULL, NULL, "localhost:8443"},
        {"", NULL, "localhost:8443"},
        {"a b:1", NULL, "localhost:8443"},
        {"evil/path:1", NULL, "localhost:8443"},
        {"user@host:1", NULL, "localhost:8443"},
        {"host:0", NULL, "localhost:8443"},
        {"host:65536", NULL, "localhost:8443"},
        {"host:1x", NULL, "localhost:8443"},
        {"[::1", NULL, "localhost:8443"},
        {"[::1]x", NULL, "localhost:8443"},
        {"[evil]:1", NULL, "localhost:8443"},
        {"h;script-src *", NULL, "localhost:8443"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *name = authority_name_from(cases[i][0], cases[i][1], 8443);
        g_assert_cmpstr(name, ==, cases[i][2]);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fields/good", test_good);
    g_test_add_func("/fields/bad", test_bad);
    g_test_add_func("/fields/long-unknown-name", test_long_unknown_name);
    g_test_add_func("/authority-name", test_authority_name);
    return g_test_run();
}
