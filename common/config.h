/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* A key that a program knows, for oriel_config_load() to warn of others. key NULL: any key in that
 * group. */
typedef struct {
    const char *group, *key;
} OrielConfigKey;

/*
 * Reads path and then PATH.d/NAME.conf in the order of their names, later files over earlier ones.
 * A file that is not there is empty when required is FALSE; else errors name the file. keys ends
 * with {NULL, NULL}.
 */
GKeyFile *oriel_config_load(const char *path, gboolean required, const OrielConfigKey *keys,
                            GError **error);

/* Values, with what to take when the key is not there. Strings are owned by the caller; a malformed
 * number is ORIEL_ERROR_INVALID. */
char *oriel_config_string(GKeyFile *config, const char *group, const char *key,
                          const char *fallback);
gboolean oriel_config_int(GKeyFile *config, const char *group, const char *key, int minimum,
                          int maximum, int *value, GError **error);
