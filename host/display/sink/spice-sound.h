/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "spice-core.h"

/* Sound to one SPICE viewer: stereo S16, resampled where the viewer's codec wants another rate.
 * Main thread only. */

typedef struct SpiceSound SpiceSound;

SpiceSound *spice_sound_new(SpiceServer *server);
void spice_sound_free(SpiceSound *sound); /* after spice_server_destroy() */

void spice_sound_start(SpiceSound *sound, guint rate);
void spice_sound_write(SpiceSound *sound, const gint16 *samples,
                       gsize frames); /* what nobody listens to is dropped */
void spice_sound_stop(SpiceSound *sound);
void spice_sound_volume(SpiceSound *sound, gboolean mute, guint16 left, guint16 right);
