/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rfb-h264.h"

/* Where there is no decoder to test with: clients go on without H.264. */

gboolean
rfb_h264_ask(rfbClient *client, int quality)
{
    return FALSE;
}

void
rfb_h264_clear(rfbClient *client)
{
}

guint
rfb_h264_pictures(rfbClient *client, guint *key)
{
    if (key)
        *key = 0;
    return 0;
}
