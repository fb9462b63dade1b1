/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "viewer/vv-file.h"

#include "oriel-config.h"

#include "common/error.h"

#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>

#define GROUP "virt-viewer"

static char *
field(GKeyFile *file, const char *key)
{
    char *value = g_key_file_get_string(file, GROUP, key, NULL);
    if (value && !*value)
        g_clear_pointer(&value, g_free);
    return value;
}

static gboolean
is_on(GKeyFile *file, const char *key)
{
    g_autofree char *value = field(file, key);
    return value && (strcmp(value, "1") == 0 || strcmp(value, "true") == 0);
}

/* An absent port is 0; a malformed one is an error. */
static gboolean
port_field(GKeyFile *file, const char *key, guint16 *port, GError **error)
{
    g_autofree char *value = field(file, key);
    guint64 number = 0;
    *port = 0;
    if (!value)
        return TRUE;
    if (!g_ascii_string_to_unsigned(value, 10, 1, G_MAXUINT16, &number, NULL)) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID,
                    _("The file's “%s” is no port number."), key);
        return FALSE;
    }
    *port = (guint16)number;
    return TRUE;
}

static GKeyFile *
load_keys(const char *text, gsize length, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    if (length > VV_FILE_MAX_SIZE) {
        g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_INVALID,
                            _("The file is too large for a connection file."));
        return NULL;
    }
    if (length == 0 || memchr(text, '\0', length) || !g_utf8_validate(text, (gssize)length, NULL) ||
        !g_key_file_load_from_data(file, text, length, G_KEY_FILE_NONE, NULL) ||
        !g_key_file_has_group(file, GROUP)) {
        g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_INVALID,
                            _("The file is not a virt-viewer connection file."));
        return NULL;
    }
    return g_steal_pointer(&file);
}

static SpiceTarget *
parse(const char *text, gsize length, gboolean *delete_it, GError **error)
{
    g_autoptr(GKeyFile) file = load_keys(text, length, error);
    if (!file)
        return NULL;
    g_autofree char *type = field(file, "type");
    if (g_strcmp0(type, "spice") != 0) {
        g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_INVALID,
                            _("Only connection files for SPICE can be opened."));
        return NULL;
    }
    g_autoptr(SpiceTarget) target = g_new0(SpiceTarget, 1);
    target->host = field(file, "host");
    target->password = field(file, "password");
    target->proxy = field(file, "proxy");
    target->ca = field(file, "ca");
    target->host_subject = field(file, "host-subject");
    target->title = field(file, "title");
    target->full_screen = is_on(file, "fullscreen");
    if (!port_field(file, "port", &target->port, error) ||
        !port_field(file, "tls-port", &target->tls_port, error) ||
        !spice_target_check(target, error))
        return NULL;
    *delete_it = is_on(file, "delete-this-file");
    return g_steal_pointer(&target);
}

SpiceTarget *
vv_file_parse(const char *text, gsize length, GError **error)
{
    gboolean delete_it;
    return parse(text, length, &delete_it, error);
}

SpiceTarget *
vv_file_load(const char *path, GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autofree char *text = NULL;
    gsize length = 0;
    GStatBuf status;
    gboolean delete_it = FALSE;

    if (g_stat(path, &status) == 0 &&
        (!S_ISREG(status.st_mode) || status.st_size > VV_FILE_MAX_SIZE)) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID, _("%s is not a connection file."),
                    path);
        return NULL;
    }
    if (!g_file_get_contents(path, &text, &length, &problem)) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_NOT_FOUND, _("The file cannot be read: %s."),
                    problem->message);
        return NULL;
    }
    SpiceTarget *target = parse(text, length, &delete_it, error);
    explicit_bzero(text, length);
    if (target && delete_it && g_unlink(path) < 0)
        g_message("%s asks to be deleted, and could not be.", path);
    return target;
}
