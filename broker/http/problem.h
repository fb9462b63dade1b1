/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <jansson.h>

/* RFC 9457 problems, and which of them an error of ours is. */

/* A new reference. kind is the stable word; detail a whole sentence for a person. */
json_t *problem_new(guint status, const char *kind, const char *detail);

/* The status for an error, with its kind. An error of another domain is a 500. */
guint problem_status(const GError *error, const char **kind);

/* "Not Found"; "Error" for a status without a name here. */
const char *problem_status_phrase(guint status);
