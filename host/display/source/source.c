/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "source.h"

#include <string.h>

static const SourceType *const types[] = {
    &source_dbus,
    &source_replay,
    &source_rfb,
};

const SourceType *
source_type_find(const char *uri, const char **address)
{
    for (guint i = 0; i < G_N_ELEMENTS(types); i++) {
        gsize length = strlen(types[i]->scheme);

        if (strncmp(uri, types[i]->scheme, length) == 0 && uri[length] == ':') {
            *address = uri + length + 1;
            return types[i];
        }
    }
    return NULL;
}
