/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "viewer/settings.h"

#include <string.h>

#define GROUP     "viewer"
#define MAX_USERS 64

#define WINDOW_GROUP "window"
/* What a file that somebody edited may ask for. */
#define MIN_WINDOW 200
#define MAX_WINDOW 16384

struct Settings {
    char *path;
    GKeyFile *file;
    char **recent;
};

static const char *const words[] = {
    [APPEARANCE_SYSTEM] = "system", [APPEARANCE_LIGHT] = "light", [APPEARANCE_DARK] = "dark"};

const char *
appearance_choice_word(AppearanceChoice choice)
{
    return words[choice];
}

AppearanceChoice
appearance_choice_from_word(const char *word)
{
    for (guint i = 0; i < G_N_ELEMENTS(words); i++) {
        if (g_strcmp0(word, words[i]) == 0)
            return (AppearanceChoice)i;
    }
    return APPEARANCE_SYSTEM;
}

static void
read_recent(Settings *settings)
{
    gsize length = 0;
    g_strfreev(settings->recent);
    settings->recent = g_key_file_get_string_list(settings->file, GROUP, "recent", &length, NULL);
    if (!settings->recent)
        settings->recent = g_new0(char *, 1);
    for (gsize i = SETTINGS_MAX_RECENT; i < length; i++)
        g_clear_pointer(&settings->recent[i], g_free);
}

Settings *
settings_new(const char *path)
{
    Settings *settings = g_new0(Settings, 1);
    settings->path = path ? g_strdup(path)
                          : g_build_filename(g_get_user_config_dir(), "oriel", "viewer.conf", NULL);
    settings->file = g_key_file_new();
    g_key_file_load_from_file(settings->file, settings->path, G_KEY_FILE_NONE, NULL);
    read_recent(settings);
    return settings;
}

void
settings_free(Settings *settings)
{
    if (!settings)
        return;
    g_free(settings->path);
    g_key_file_unref(settings->file);
    g_strfreev(settings->recent);
    g_free(settings);
}

/* Losing what is remembered here is no reason to bother anybody. */
static void
save(Settings *settings)
{
    g_autofree char *directory = g_path_get_dirname(settings->path);
    g_autoptr(GError) error = NULL;
    gsize length;
    g_autofree char *text = g_key_file_to_data(settings->file, &length, NULL);
    g_mkdir_with_parents(directory, 0700);
    if (!g_file_set_contents_full(settings->path, text, (gssize)length,
                                  G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error))
        g_message("The settings cannot be saved: %s", error->message);
}

const char *const *
settings_recent(Settings *settings)
{
    return (const char *const *)settings->recent;
}

/* Addresses stand in keys, where '[' and '=' mean something: they go in escaped. */
static char *
user_key(const char *address)
{
    return g_uri_escape_string(address, NULL, FALSE);
}

char *
settings_user(Settings *settings, const char *address)
{
    g_autofree char *key = user_key(address);
    return g_key_file_get_string(settings->file, "users", key, NULL);
}

static void
forget_oldest_users(Settings *settings)
{
    gsize length = 0;
    g_auto(GStrv) keys = g_key_file_get_keys(settings->file, "users", &length, NULL);
    for (gsize i = 0; i + MAX_USERS < length; i++)
        g_key_file_remove_key(settings->file, "users", keys[i], NULL);
}

void
settings_remember(Settings *settings, const char *address, const char *user)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new();
    g_autofree char *key = user_key(address);
    g_ptr_array_add(list, (gpointer)address);
    for (char **old = settings->recent; *old && list->len < SETTINGS_MAX_RECENT; old++) {
        if (strcmp(*old, address) != 0)
            g_ptr_array_add(list, *old);
    }
    g_key_file_set_string_list(settings->file, GROUP, "recent", (const char *const *)list->pdata,
                               list->len);
    g_key_file_remove_key(settings->file, "users", key, NULL);
    g_key_file_set_string(settings->file, "users", key, user);
    forget_oldest_users(settings);
    read_recent(settings);
    save(settings);
}

gboolean
settings_window(Settings *settings, int *width, int *height, gboolean *maximized)
{
    *width = g_key_file_get_integer(settings->file, WINDOW_GROUP, "width", NULL);
    *height = g_key_file_get_integer(settings->file, WINDOW_GROUP, "height", NULL);
    *maximized = g_key_file_get_boolean(settings->file, WINDOW_GROUP, "maximized", NULL);
    return *width >= MIN_WINDOW && *width <= MAX_WINDOW && *height >= MIN_WINDOW &&
           *height <= MAX_WINDOW;
}

void
settings_set_window(Settings *settings, int width, int height, gboolean maximized)
{
    if (width > 0) {
        g_key_file_set_integer(settings->file, WINDOW_GROUP, "width", width);
        g_key_file_set_integer(settings->file, WINDOW_GROUP, "height", height);
    }
    g_key_file_set_boolean(settings->file, WINDOW_GROUP, "maximized", maximized);
    save(settings);
}

AppearanceChoice
settings_appearance(Settings *settings)
{
    g_autofree char *word = g_key_file_get_string(settings->file, GROUP, "appearance", NULL);
    return appearance_choice_from_word(word);
}

void
settings_set_appearance(Settings *settings, AppearanceChoice choice)
{
    g_key_file_set_string(settings->file, GROUP, "appearance", words[choice]);
    save(settings);
}
