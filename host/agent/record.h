/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <jansson.h>

/* Small JSON files that must survive a crash, and the few conversions that their readers need. */

/* Takes over json. The file is replaced whole and is on the disk when this returns.
 * ORIEL_ERROR_NO_SPACE or _FAILED. */
gboolean record_save(json_t *json, const char *folder, const char *name, GError **error);
/* An object, or NULL when the file is missing, too long or no JSON object. */
json_t *record_load(const char *folder, const char *name);

/* Unix time (s) as RFC 3339 in UTC; 0 is null. */
json_t *record_time_to_json(gint64 time);
gint64 record_time_from_json(const json_t *json);

/* Replaces *value (freed) where json has a string of this name. */
void record_get_string(const json_t *json, const char *name, char **value);

/* Removes a folder and all it holds, following no link. A folder that is not there is fine. */
gboolean record_remove_folder(const char *folder, GError **error);
