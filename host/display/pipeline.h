/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "sink/sink.h"
#include "surface.h"

#include <jansson.h>

/*
 * The frame path: surface → damage → classify → sinks (which encode). One frame is in flight; what
 * changes meanwhile merges in the surface. It runs when there is damage and a sink is ready, or
 * when a sink asked again by its wants_frame event (then perhaps with an empty damage); an idle
 * screen costs nothing. Main thread only, but for pipeline_wake().
 */

typedef struct Pipeline Pipeline;

/* size_changed: on the main thread, before the first frame of that size is presented. May be NULL.
 */
Pipeline *pipeline_new(Surface *surface, void (*size_changed)(int width, int height, gpointer user),
                       gpointer user);
void pipeline_free(Pipeline *pipeline);
/* The sink stays the caller's. At the end it is closed before the pipeline is freed (its workers
 * read the frame); the pipeline does not run in between. */
void pipeline_add_sink(Pipeline *pipeline, const SinkType *type, Sink *sink);
/* Any thread: run soon. For Surface's changed and for SinkEvents.wants_frame. */
void pipeline_wake(Pipeline *pipeline);
/* presented: after each run, while no sink is busy and everything that was walked is with the
 * sinks. */
void pipeline_watch(Pipeline *pipeline, void (*presented)(gpointer user));
/* The last frame, or NULL before the first; valid until control returns to the main loop. */
const Frame *pipeline_frame(const Pipeline *pipeline);
/* Takes over what the surface has, for a screenshot while nobody watches (sinks learn of it with
 * their next frame). FALSE while a frame is in flight: the frame there is then recent. */
gboolean pipeline_refresh(Pipeline *pipeline);
/* Is there nothing that sinks were not shown? */
gboolean pipeline_is_shown(const Pipeline *pipeline);
void pipeline_stats(const Pipeline *pipeline, json_t *object);
