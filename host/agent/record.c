/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "record.h"

#include "common/error.h"

#include <errno.h>
#include <ftw.h>
#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_RECORD (256 * 1024)
#define MAX_DEPTH  16

gboolean
record_save(json_t *json, const char *folder, const char *name, GError **error)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autoptr(GError) write_error = NULL;
    char *text = json_dumps(json, JSON_INDENT(2));
    json_decref(json);
    gboolean saved = g_file_set_contents_full(
        path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600,
        &write_error);
    free(text);
    if (saved)
        return TRUE;
    gboolean full = g_error_matches(write_error, G_FILE_ERROR, G_FILE_ERROR_NOSPC);
    g_set_error(error, ORIEL_ERROR, full ? ORIEL_ERROR_NO_SPACE : ORIEL_ERROR_FAILED,
                "“%s” could not be written: %s.", path, write_error->message);
    return FALSE;
}

json_t *
record_load(const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autofree char *text = NULL;
    struct stat info;
    gsize length = 0;
    if (stat(path, &info) != 0 || info.st_size > MAX_RECORD ||
        !g_file_get_contents(path, &text, &length, NULL))
        return NULL;
    json_t *json = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(json))
        return json;
    json_decref(json);
    return NULL;
}

json_t *
record_time_to_json(gint64 time)
{
    if (time <= 0)
        return json_null();
    g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc(time);
    g_autofree char *text = date != NULL ? g_date_time_format(date, "%Y-%m-%dT%H:%M:%SZ") : NULL;
    return text != NULL ? json_string(text) : json_null();
}

gint64
record_time_from_json(const json_t *json)
{
    const char *text = json_string_value(json);
    g_autoptr(GDateTime) date = text != NULL ? g_date_time_new_from_iso8601(text, NULL) : NULL;
    return date != NULL ? g_date_time_to_unix(date) : 0;
}

void
record_get_string(const json_t *json, const char *name, char **value)
{
    const char *text = json_string_value(json_object_get(json, name));
    if (text == NULL)
        return;
    g_free(*value);
    *value = g_strdup(text);
}

static int
remove_entry(const char *path, const struct stat *info, int type, struct FTW *place)
{
    return remove(path);
}

gboolean
record_remove_folder(const char *folder, GError **error)
{
    if (nftw(folder, remove_entry, MAX_DEPTH, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) == 0 ||
        errno == ENOENT)
        return TRUE;
    g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED, "“%s” could not be removed: %s.", folder,
                g_strerror(errno));
    return FALSE;
}
