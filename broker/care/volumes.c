/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/care/volumes.h"

#include "broker/model/desktop.h"
#include "common/error.h"

struct VolumeCare {
    Store *store;
    HostSet *hosts;
    GHashTable *asked; /* ids whose deletion is under way */
};

typedef struct {
    VolumeCare *care;
    char *id;
} Asked;

VolumeCare *
volume_care_new(Store *store, HostSet *hosts)
{
    VolumeCare *care = g_new0(VolumeCare, 1);

    care->store = store;
    care->hosts = hosts;
    care->asked = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return care;
}

void
volume_care_free(VolumeCare *care)
{
    if (!care)
        return;
    g_hash_table_unref(care->asked);
    g_free(care);
}

gboolean
volume_care_delete(Store *store, const Volume *volume, GError **error)
{
    g_autoptr(GPtrArray) holders = desktop_list_of_volume(store, volume->id, error);

    if (!holders)
        return FALSE;
    if (holders->len > 0) {
        g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_REFUSED,
                            "A desktop has this home; log its user off and delete the desktop"
                            " first.");
        return FALSE;
    }
    return volume_set_doomed(store, volume->id, error);
}

static void
answered(const json_t *result, const GError *error, gpointer user)
{
    Asked *asked = user;
    g_autoptr(GError) problem = NULL;

    g_hash_table_remove(asked->care->asked, asked->id);
    if (error)
        g_message("Volume %s was not deleted: %s", asked->id, error->message);
    else if (!volume_delete(asked->care->store, asked->id, &problem))
        g_warning("Volume %s: %s", asked->id, problem->message);
    g_free(asked->id);
    g_free(asked);
}

static void
send_delete(VolumeCare *care, HostLink *link, const char *id)
{
    if (!g_hash_table_add(care->asked, g_strdup(id)))
        return;
    Asked *asked = g_new0(Asked, 1);
    asked->care = care;
    asked->id = g_strdup(id);
    host_link_call(link, "volume.delete", json_pack("{s:s}", "volume", id), answered, asked);
}

void
volume_care_run(VolumeCare *care)
{
    GPtrArray *links = host_set_links(care->hosts);

    for (guint i = 0; i < links->len; i++) {
        HostLink *link = g_ptr_array_index(links, i);
        if (!host_link_is_up(link))
            continue;
        g_autoptr(GPtrArray) doomed = volume_list_doomed(care->store, host_link_name(link), NULL);
        for (guint v = 0; doomed && v < doomed->len; v++)
            send_delete(care, link, ((Volume *)g_ptr_array_index(doomed, v))->id);
    }
}
