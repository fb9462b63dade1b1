/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vnc-framing.h"

/* head + count * each, where the count stands in bytes bytes at offset. */
static gssize
counted(const guint8 *data, gsize size, gsize head, gsize offset, gsize bytes, gsize each,
        guint most)
{
    guint count;

    if (size < offset + bytes)
        return 0;
    count = bytes == 2 ? vnc_get16(data + offset) : data[offset];
    return count > most ? -1 : (gssize)(head + count * each);
}

gssize
vnc_message_length(const guint8 *data, gsize size)
{
    if (size < 1)
        return 0;
    switch (data[0]) {
    case VNC_SET_PIXEL_FORMAT:
        return 20;
    case VNC_SET_ENCODINGS:
        return counted(data, size, 4, 2, 2, 4, VNC_MAX_ENCODINGS);
    case VNC_UPDATE_REQUEST:
    case VNC_CONTINUOUS_UPDATES:
        return 10;
    case VNC_KEY:
    case VNC_CUT_TEXT:
        return 8;
    case VNC_POINTER:
        return 6;
    case VNC_FENCE:
        return counted(data, size, 9, 8, 1, 1, VNC_MAX_FENCE);
    case VNC_SET_DESKTOP_SIZE:
        return counted(data, size, 8, 6, 1, 16, VNC_MAX_SCREENS);
    case VNC_QEMU:
        return size < 2 ? 0 : data[1] == 0 ? 12 : -1; /* extended keys alone; we offer no sound */
    default:
        return -1;
    }
}

guint
vnc_get16(const guint8 *data)
{
    return (guint)data[0] << 8 | data[1];
}

guint32
vnc_get32(const guint8 *data)
{
    return (guint32)vnc_get16(data) << 16 | vnc_get16(data + 2);
}

guint8 *
vnc_put16(guint8 *to, guint value)
{
    to[0] = (guint8)(value >> 8);
    to[1] = (guint8)value;
    return to + 2;
}

guint8 *
vnc_put32(guint8 *to, guint32 value)
{
    return vnc_put16(vnc_put16(to, value >> 16), value & 0xffff);
}
