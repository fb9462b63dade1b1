/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/config.h"

#include "common/error.h"

static gboolean
known(const OrielConfigKey *keys, const char *group, const char *key)
{
    for (; keys->group; keys++)
        if (!g_strcmp0(keys->group, group) && (!keys->key || !g_strcmp0(keys->key, key)))
            return TRUE;
    return FALSE;
}

/* Copies the values of one file over those read before. */
static void
merge(GKeyFile *into, GKeyFile *from, const char *path, const OrielConfigKey *keys)
{
    g_auto(GStrv) groups = g_key_file_get_groups(from, NULL);

    for (char **group = groups; *group; group++) {
        g_auto(GStrv) names = g_key_file_get_keys(from, *group, NULL, NULL);
        for (char **name = names; name && *name; name++) {
            g_autofree char *value = g_key_file_get_value(from, *group, *name, NULL);
            if (!known(keys, *group, *name))
                g_warning("%s: the key “%s” in [%s] is not known and is ignored.", path, *name,
                          *group);
            g_key_file_set_value(into, *group, *name, value);
        }
    }
}

static gboolean
read_file(GKeyFile *into, const char *path, gboolean required, const OrielConfigKey *keys,
          GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();

    g_autoptr(GError) local = NULL;

    if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, &local)) {
        if (!required && g_error_matches(local, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            return TRUE;
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID,
                    "The configuration file %s cannot be read: %s", path, local->message);
        return FALSE;
    }
    merge(into, file, path, keys);
    return TRUE;
}

static int
by_name(gconstpointer a, gconstpointer b)
{
    return g_strcmp0(*(const char *const *)a, *(const char *const *)b);
}

/* The names of the drop-in files in directory, sorted; an empty array when it is not there. */
static GPtrArray *
drop_ins(const char *directory)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir)))
        if (g_str_has_suffix(name, ".conf"))
            g_ptr_array_add(names, g_build_filename(directory, name, NULL));
    g_ptr_array_sort(names, by_name);
    return names;
}

GKeyFile *
oriel_config_load(const char *path, gboolean required, const OrielConfigKey *keys, GError **error)
{
    g_autoptr(GKeyFile) config = g_key_file_new();
    g_autofree char *directory = g_strconcat(path, ".d", NULL);
    g_autoptr(GPtrArray) files = drop_ins(directory);

    if (!read_file(config, path, required, keys, error))
        return NULL;
    for (guint i = 0; i < files->len; i++)
        if (!read_file(config, files->pdata[i], TRUE, keys, error))
            return NULL;
    return g_steal_pointer(&config);
}

char *
oriel_config_string(GKeyFile *config, const char *group, const char *key, const char *fallback)
{
    char *value = g_key_file_get_string(config, group, key, NULL);

    return value ? value : g_strdup(fallback);
}

gboolean
oriel_config_int(GKeyFile *config, const char *group, const char *key, int minimum, int maximum,
                 int *value, GError **error)
{
    g_autofree char *text = g_key_file_get_string(config, group, key, NULL);
    gint64 number;

    if (!text)
        return TRUE;
    if (!g_ascii_string_to_signed(g_strstrip(text), 10, minimum, maximum, &number, NULL)) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID,
                    "[%s] %s must be a number from %d to %d, not “%s”.", group, key, minimum,
                    maximum, text);
        return FALSE;
    }
    *value = (int)number;
    return TRUE;
}
