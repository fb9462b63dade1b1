/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "../surface.h"

/* The pixel formats that a guest's screen may have (pixman's codes), brought to the surface's. */

gsize scanout_format_size(guint32 format); /* bytes a pixel; 4 for one that is not known */
/* surface_write() with a format. FALSE also for a format that is not known. Any thread. */
gboolean scanout_format_write(Surface *surface, guint32 format, int x, int y, int width, int height,
                              const guint8 *data, gsize stride, gsize size);
