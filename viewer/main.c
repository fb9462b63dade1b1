/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "oriel-config.h"

#include "common/log.h"
#include "viewer/application.h"
#include "viewer/viewer-options.h"

#include <glib/gi18n.h>
#include <locale.h>

int
main(int argc, char **argv)
{
    int status = 0;
    setlocale(LC_ALL, "");
    bindtextdomain(GETTEXT_PACKAGE, ORIEL_LOCALEDIR);
    bind_textdomain_codeset(GETTEXT_PACKAGE, "UTF-8");
    textdomain(GETTEXT_PACKAGE);
    oriel_log_init("oriel-viewer");

    g_autoptr(ViewerOptions) options = viewer_options_parse(argc, argv, &status);
    if (!options)
        return status;
    g_autoptr(Application) application = application_new(options);
    return g_application_run(G_APPLICATION(application), 1, argv);
}
