/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "sink/sink.h"
#include "source/source.h"

/*
 * What playing a recording cost: processor time of the whole process and bytes to the clients, from
 * just before the first frame was shown until every client was sent the last one ("moving"), and
 * until what every client shows is exact ("settled"). Main thread only, but for measure_cpu_us().
 */

typedef struct Measure Measure;

/* stats: the display's figures, a new reference; they hold "vnc", an array with "bytes" of each
 * client. */
Measure *measure_new(json_t *(*stats)(gpointer user), gpointer user);
void measure_free(Measure *measure);

/* Whenever the clients may have come further. TRUE once, when the measurement is complete. */
gboolean measure_step(Measure *measure, const SourceProgress *source, SinkProgress clients,
                      gboolean any_client);
/* One line for people. The caller frees it. */
char *measure_text(const Measure *measure);
/* Everything, as a JSON file. */
gboolean measure_write(const Measure *measure, const char *path, GError **error);

gint64 measure_cpu_us(void); /* user and system time of the process; any thread */
