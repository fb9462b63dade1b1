/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "viewer/viewer-options.h"

#include "oriel-config.h"

#include "common/error.h"
#include "common/tls.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <gtk/gtk.h>
#include <stdio.h>
#include <string.h>

#define MAX_PASSWORD 1024
#define USAGE        2

void
viewer_options_forget_password(ViewerOptions *options)
{
    if (options->password)
        explicit_bzero(options->password, strlen(options->password));
    g_clear_pointer(&options->password, g_free);
}

void
viewer_options_free(ViewerOptions *options)
{
    if (!options)
        return;
    viewer_options_forget_password(options);
    oriel_uri_free(options->broker);
    g_free(options->file);
    g_free(options->user);
    g_free(options->pool);
    g_free(options->fingerprint);
    g_free(options);
}

static gboolean
read_password(ViewerOptions *options, GError **error)
{
    char line[MAX_PASSWORD + 2];
    gboolean good = fgets(line, sizeof line, stdin) != NULL;
    if (good) {
        line[strcspn(line, "\r\n")] = '\0';
        options->password = g_strdup(line);
    }
    explicit_bzero(line, sizeof line);
    if (!good || strlen(options->password) > MAX_PASSWORD) {
        g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_INVALID,
                            _("There is no password on the standard input."));
        return FALSE;
    }
    return TRUE;
}

/* One argument: an address, or a file that ends in .vv. */
static gboolean
take_argument(ViewerOptions *options, char **rest, GError **error)
{
    if (!rest || !rest[0])
        return TRUE;
    if (rest[1]) {
        g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_INVALID,
                            _("Only one address or file can be opened."));
        return FALSE;
    }
    if (g_str_has_suffix(rest[0], ".vv")) {
        g_autoptr(GFile) file = g_file_new_for_commandline_arg(rest[0]);
        options->file = g_file_get_path(file);
        return TRUE;
    }
    options->broker = oriel_uri_parse(rest[0], error);
    return options->broker != NULL;
}

static gboolean
complete(ViewerOptions *options, gboolean password_stdin, GError **error)
{
    if (options->broker && !options->pool)
        options->pool = g_strdup(oriel_uri_pool(options->broker));
    if (options->fingerprint) {
        g_autofree char *typed = g_steal_pointer(&options->fingerprint);
        options->fingerprint = tls_fingerprint_normalise(typed);
        if (!options->fingerprint) {
            g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_INVALID,
                                _("The fingerprint is not 32 bytes in hexadecimal (AB:CD:…)."));
            return FALSE;
        }
    }
    if (options->kiosk && !options->broker && !options->file) {
        g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_INVALID,
                            _("A kiosk needs the address of its broker."));
        return FALSE;
    }
    return !password_stdin || read_password(options, error);
}

ViewerOptions *
viewer_options_parse(int argc, char **argv, int *exit_status)
{
    g_autoptr(ViewerOptions) options = g_new0(ViewerOptions, 1);
    g_auto(GStrv) rest = NULL;
    gboolean password_stdin = FALSE, version = FALSE;
    const GOptionEntry entries[] = {
        {"user", 'u', 0, G_OPTION_ARG_STRING, &options->user, N_("Sign in with this user name"),
         N_("NAME")},
        {"pool", 'p', 0, G_OPTION_ARG_STRING, &options->pool, N_("Open this pool at once"),
         N_("NAME")},
        {"full-screen", 'f', 0, G_OPTION_ARG_NONE, &options->full_screen,
         N_("Show the desktop on the full screen"), NULL},
        {"kiosk", 'k', 0, G_OPTION_ARG_NONE, &options->kiosk,
         N_("Full screen with nothing but sign-in and desktop"), NULL},
        {"password-stdin", 0, 0, G_OPTION_ARG_NONE, &password_stdin,
         N_("Read the password from the standard input"), NULL},
        {"accept-fingerprint", 0, 0, G_OPTION_ARG_STRING, &options->fingerprint,
         N_("Trust exactly this certificate at first use, without asking"), "AB:CD:…"},
        {"version", 0, 0, G_OPTION_ARG_NONE, &version, N_("Print the version and end"), NULL},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &rest, NULL,
         N_("[oriel://HOST[:PORT]/POOL | HOST | FILE.vv]")},
        {NULL}};
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;

    g_option_context_set_summary(context, _("Shows a desktop of an Oriel broker in a window."));
    g_option_context_add_main_entries(context, entries, GETTEXT_PACKAGE);
    g_option_context_add_group(context, gtk_get_option_group(FALSE));
    gboolean good = g_option_context_parse(context, &argc, &argv, &error);
    if (good && version) {
        printf("oriel-viewer %s\n", ORIEL_VERSION);
        *exit_status = 0;
        return NULL;
    }
    if (!good || !take_argument(options, rest, &error) ||
        !complete(options, password_stdin, &error)) {
        fprintf(stderr, "oriel-viewer: %s\n", error->message);
        *exit_status = USAGE;
        return NULL;
    }
    return g_steal_pointer(&options);
}
