/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "encode/pixel-format.h"
#include "frame.h"

/* Cursor shapes as RFB rectangles. cursor NULL: hidden (a shape of no size). */

/* The Cursor pseudo-encoding: the client's pixels and a bit mask. */
void vnc_cursor_append(const Cursor *cursor, const PixelFormat *format, GByteArray *bytes);
/* Cursor With Alpha: raw RGBA, premultiplied. */
void vnc_cursor_append_alpha(const Cursor *cursor, GByteArray *bytes);
