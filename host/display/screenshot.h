/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "frame.h"
#include <gio/gio.h>

/* Writes the frame as PNG to fd, which is taken over. The pixels are copied at once; the rest
 * happens on a thread of its own. */
void screenshot_write_async(const Frame *frame, int fd, GAsyncReadyCallback done, gpointer user);
gboolean screenshot_write_finish(GAsyncResult *result, GError **error);
