/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "scratch.h"

#include <glib/gstdio.h>

#include "broker/state.h"

void
scratch_init(Scratch *scratch)
{
    g_autoptr(GError) error = NULL;

    scratch->folder = g_dir_make_tmp("oXXXXXX", &error);
    g_assert_no_error(error);
    scratch->store = state_open_store(scratch->folder, &error);
    g_assert_no_error(error);
}

void
scratch_clear(Scratch *scratch)
{
    g_autoptr(GDir) dir = NULL;
    const char *name;

    store_free(scratch->store);
    dir = g_dir_open(scratch->folder, 0, NULL);
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(scratch->folder, name, NULL);
        g_remove(path);
    }
    g_rmdir(scratch->folder);
    g_free(scratch->folder);
}

char *
scratch_path(Scratch *scratch, const char *name)
{
    return g_build_filename(scratch->folder, name, NULL);
}

static gboolean
too_late(gpointer flag)
{
    g_error("The test waited for something for 10 s, and it did not happen.");
    return G_SOURCE_REMOVE;
}

void
scratch_wait(const gboolean *flag)
{
    guint timer = g_timeout_add_seconds(10, too_late, NULL);

    while (!*flag)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(timer);
}
