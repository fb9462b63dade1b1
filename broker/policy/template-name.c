/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/policy/template-name.h"

#define PREFIX "auto."
/* Names have 63 characters; the hash tells those apart whose shown part is the same. */
#define IMAGE_SHOWN 20
#define HASH_SHOWN  8

char *
template_name(const TemplateShape *shape)
{
    g_autofree char *size = g_strdup_printf(
        "%" G_GINT64_FORMAT "c-%" G_GINT64_FORMAT "m-%" G_GINT64_FORMAT "x%" G_GINT64_FORMAT,
        shape->cpus, shape->memory_mib, shape->width, shape->height);
    g_autofree char *whole =
        g_strdup_printf("%s %s %s", shape->image, shape->version ? shape->version : "", size);
    g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, whole, -1);

    return g_strdup_printf(PREFIX "%.*s.%s.%.*s", IMAGE_SHOWN, shape->image, size, HASH_SHOWN,
                           hash);
}

gboolean
template_name_is_ours(const char *name)
{
    return g_str_has_prefix(name, PREFIX);
}
