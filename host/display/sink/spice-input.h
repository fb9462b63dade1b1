/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "../input/input.h"
#include "spice-core.h"

/* A SPICE viewer's keyboard and tablet. Main thread only. */

typedef struct SpiceInput SpiceInput;

SpiceInput *spice_input_new(SpiceServer *server, Input *input);
void spice_input_leds(SpiceInput *self, guint leds);
void spice_input_stop(SpiceInput *self); /* releases held keys; before spice_server_destroy() */
void spice_input_free(SpiceInput *self); /* after it */
