/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/model/name.h"

#include <string.h>

gboolean
name_is_valid(const char *name)
{
    gsize length = strlen(name);

    if (length < 1 || length > 63 || !g_ascii_isalnum(name[0]))
        return FALSE;
    for (gsize i = 0; i < length; i++)
        if (!g_ascii_islower(name[i]) && !g_ascii_isdigit(name[i]) && !strchr("._-", name[i]))
            return FALSE;
    return !g_uuid_string_is_valid(name);
}

gint64
now_seconds(void)
{
    return g_get_real_time() / G_USEC_PER_SEC;
}

char *
time_text(gint64 seconds)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(seconds);
    return time ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ") : g_strdup("1970-01-01T00:00:00Z");
}
