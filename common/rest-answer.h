/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "common/uri.h"

#include <jansson.h>

/* What an HTTP answer, or its absence, means: pure functions behind RestClient. Thread-safe. */

/* The JSON of a 2xx answer (json_null() for an empty one); else NULL and an ORIEL_ERROR with the
 * problem's detail. body is whatever the peer sent. */
json_t *rest_answer_parse(const OrielUri *broker, guint status, const char *body, gsize length,
                          GError **error);

/* The ORIEL_ERROR, in words for a person, for a transfer that failed with this error. */
GError *rest_answer_transport_error(const OrielUri *broker, const GError *problem);
