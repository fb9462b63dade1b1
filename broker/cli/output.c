/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/cli/output.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const json_t *
member(const json_t *object, const char *path)
{
    g_auto(GStrv) keys = g_strsplit(path, ".", -1);

    for (char **key = keys; *key; key++)
        object = json_object_get(object, *key);
    return object;
}

/* What a broker sends is printed on a terminal: nothing in it may steer the terminal. */
static char *
printable(const char *text)
{
    GString *out = g_string_new(NULL);

    for (; *text; text = g_utf8_next_char(text)) {
        gunichar c = g_utf8_get_char(text);
        if (g_unichar_iscntrl(c))
            g_string_append_c(out, ' ');
        else
            g_string_append_unichar(out, c);
    }
    return g_string_free(out, FALSE);
}

static char *
list_text(const json_t *array)
{
    g_autoptr(GPtrArray) parts = g_ptr_array_new_with_free_func(g_free);
    const json_t *item;
    size_t i;

    json_array_foreach((json_t *)array, i, item)
    {
        if (json_is_string(item))
            g_ptr_array_add(parts, printable(json_string_value(item)));
        else
            g_ptr_array_add(parts, json_dumps(item, JSON_COMPACT | JSON_ENCODE_ANY));
    }
    g_ptr_array_add(parts, NULL);
    return g_strjoinv(", ", (char **)parts->pdata);
}

/* A value as people read it; the caller frees. */
static char *
value_text(const json_t *value)
{
    if (json_is_string(value))
        return printable(json_string_value(value));
    if (json_is_integer(value))
        return g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
    if (json_is_boolean(value))
        return g_strdup(json_is_true(value) ? "yes" : "no");
    if (json_is_array(value))
        return list_text(value);
    if (!value || json_is_null(value))
        return g_strdup("");
    return json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
}

static int
text_width(const char *text)
{
    int width = 0;

    for (; *text; text = g_utf8_next_char(text)) {
        gunichar c = g_utf8_get_char(text);
        width += g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
    }
    return width;
}

static void
print_json(const json_t *value)
{
    json_dumpf(value, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
    putchar('\n');
}

/* One row; the last cell is not padded. */
static void
print_row(char *const *cells, const int *widths, guint n)
{
    for (guint i = 0; i < n; i++) {
        int pad = i + 1 < n ? widths[i] - text_width(cells[i]) + 2 : 0;
        printf("%s%*s", cells[i], pad, "");
    }
    putchar('\n');
}

static void
free_row(gpointer row)
{
    g_strfreev(row);
}

/* A table is for people: they compare sizes, and do not count bytes. */
static char *
cell_text(const Column *column, const json_t *item)
{
    const json_t *value = member(item, column->path);

    /* not there yet, or not any more */
    if (json_is_integer(value) && g_str_has_suffix(column->path, "_bytes") &&
        json_integer_value(value) <= 0)
        return g_strdup("");
    if (json_is_integer(value) && g_str_equal(column->path, "progress"))
        return g_strdup_printf("%" JSON_INTEGER_FORMAT " %%", json_integer_value(value));
    if (json_is_integer(value) && g_str_has_suffix(column->path, "_bytes"))
        return g_format_size_full((guint64)json_integer_value(value), G_FORMAT_SIZE_IEC_UNITS);
    return value_text(value);
}

static char **
make_row(const Column *columns, guint n, const json_t *item)
{
    char **row = g_new0(char *, n + 1);

    for (guint i = 0; i < n; i++)
        row[i] = item ? cell_text(&columns[i], item) : g_strdup(columns[i].title);
    return row;
}

void
output_list(const Cli *cli, const Column *columns, const json_t *items)
{
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(free_row);
    const json_t *item;
    size_t i;
    guint n = 0;

    if (cli->json) {
        print_json(items);
        return;
    }
    while (columns[n].title)
        n++;
    g_ptr_array_add(rows, make_row(columns, n, NULL));
    json_array_foreach((json_t *)items, i, item) g_ptr_array_add(rows, make_row(columns, n, item));

    g_autofree int *widths = g_new0(int, n);
    for (guint r = 0; r < rows->len; r++)
        for (guint c = 0; c < n; c++)
            widths[c] = MAX(widths[c], text_width(((char **)rows->pdata[r])[c]));
    for (guint r = 0; r < rows->len; r++)
        print_row(rows->pdata[r], widths, n);
}

/* Copies members into flat; an object's own members come as "outer.inner". */
static void
flatten(json_t *flat, const json_t *object, const char *prefix)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)object, key, value)
    {
        g_autofree char *name = g_strconcat(prefix, key, NULL);
        g_autofree char *inner = g_strconcat(name, ".", NULL);
        if (json_is_object(value) && json_object_size(value) > 0)
            flatten(flat, value, inner);
        else
            json_object_set(flat, name, value);
    }
}

void
output_item(const Cli *cli, const json_t *object)
{
    const char *key;
    json_t *value;
    int width = 0;

    if (cli->json) {
        print_json(object);
        return;
    }
    json_t *flat = json_object();
    flatten(flat, object, "");
    json_object_foreach(flat, key, value) width = MAX(width, text_width(key));
    json_object_foreach(flat, key, value)
    {
        g_autofree char *text = value_text(value);
        g_autofree char *name = printable(key);
        printf("%s:%*s%s\n", name, width - text_width(name) + 2, "", text);
    }
    json_decref(flat);
}

void
output_note(const Cli *cli, const char *format, ...)
{
    va_list args;

    if (cli->quiet || cli->json)
        return;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *safe = printable(text);
    puts(safe);
}
