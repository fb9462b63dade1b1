/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sink/scan-codes.h"

#define BREAK      0x80 /* in a byte: the key goes up */
#define EXTENDED   0x80 /* in a qnum: the code follows 0xe0 */
#define QNUM_PAUSE 0xc6

gboolean
scan_codes_feed(ScanCodes *codes, guint8 byte, guint *qnum, gboolean *down)
{
    if (byte == 0xe0) {
        codes->extended = TRUE;
        return FALSE;
    }
    if (byte == 0xe1) {
        codes->pause = 1;
        return FALSE;
    }
    guint code = byte & ~BREAK;
    *down = !(byte & BREAK);
    if (codes->pause == 1 && code == 0x1d) {
        codes->pause = 2;
        return FALSE;
    }
    gboolean is_pause = codes->pause == 2 && code == 0x45;
    *qnum = is_pause ? QNUM_PAUSE : code | (codes->extended ? EXTENDED : 0);
    codes->pause = 0;
    codes->extended = FALSE;
    return code != 0 || is_pause;
}
