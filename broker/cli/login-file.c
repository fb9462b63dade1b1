/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/cli/login-file.h"

#include "common/error.h"

#include <glib/gstdio.h>
#include <string.h>

static char *
file_path(void)
{
    return g_build_filename(g_get_user_config_dir(), "oriel", "orielctl", NULL);
}

gboolean
login_file_load(LoginFile *login, GError **error)
{
    g_autofree char *path = file_path();
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(GError) local = NULL;

    *login = (LoginFile){0};
    if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, &local)) {
        if (g_error_matches(local, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            return TRUE;
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID, "%s cannot be read: %s", path,
                    local->message);
        return FALSE;
    }
    login->broker = g_key_file_get_string(file, "login", "broker", NULL);
    login->token = g_key_file_get_string(file, "login", "token", NULL);
    return TRUE;
}

gboolean
login_file_save(const LoginFile *login, GError **error)
{
    g_autofree char *path = file_path();
    g_autofree char *directory = g_path_get_dirname(path);
    g_autoptr(GKeyFile) file = g_key_file_new();
    gsize size;

    g_key_file_set_string(file, "login", "broker", login->broker);
    if (login->token)
        g_key_file_set_string(file, "login", "token", login->token);
    char *text = g_key_file_to_data(file, &size, NULL);
    g_mkdir_with_parents(directory, 0700);
    gboolean saved = g_file_set_contents_full(path, text, (gssize)size,
                                              G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
    explicit_bzero(text, size);
    g_free(text);
    return saved;
}

void
login_file_clear(LoginFile *login)
{
    if (login->token)
        explicit_bzero(login->token, strlen(login->token));
    g_clear_pointer(&login->token, g_free);
    g_clear_pointer(&login->broker, g_free);
}
