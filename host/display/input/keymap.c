/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "input/keymap.h"

#include <string.h>

/* The rows of a US keyboard: plain, shifted, and the first key's code; keys of a row have codes in
 * a row. */
static const struct {
    const char *plain, *shifted;
    guint first;
} rows[] = {
    {"1234567890-=", "!@#$%^&*()_+", 0x02},
    {"qwertyuiop[]", "QWERTYUIOP{}", 0x10},
    {"asdfghjkl;'`", "ASDFGHJKL:\"~", 0x1e},
    {"\\zxcvbnm,./", "|ZXCVBNM<>?", 0x2b},
    {" ", " ", 0x39},
};

/* Keysyms of X11/keysymdef.h that are no characters. */
static const struct {
    guint32 keysym;
    guint qnum;
} others[] = {
    {0xff08, 0x0e}, {0xff09, 0x0f}, {0xfe20, 0x0f}, {0xff0d, 0x1c},
    {0xff1b, 0x01}, /* BackSpace Tab Return Escape */
    {0xffff, 0xd3}, {0xff50, 0xc7}, {0xff51, 0xcb}, {0xff52, 0xc8},
    {0xff53, 0xcd}, /* Delete Home arrows */
    {0xff54, 0xd0}, {0xff55, 0xc9}, {0xff56, 0xd1}, {0xff57, 0xcf},
    {0xff63, 0xd2}, /* Down PgUp PgDn End Insert */
    {0xffe1, 0x2a}, {0xffe2, 0x36}, {0xffe3, 0x1d}, {0xffe4, 0x9d},
    {0xffe9, 0x38}, /* Shift Control Alt */
    {0xffea, 0xb8}, {0xfe03, 0xb8}, {0xff7e, 0xb8}, {0xffe7, 0xdb},
    {0xffe8, 0xdc}, /* AltGr Meta */
    {0xffeb, 0xdb}, {0xffec, 0xdc}, {0xff67, 0xdd}, {0xffe5, 0x3a},
    {0xff7f, 0x45},                                                 /* Super Menu Caps Num */
    {0xff14, 0x46}, {0xff13, 0xc6}, {0xff61, 0xb7}, {0xff15, 0xb7}, /* Scroll Pause Print */
    {0xffbe, 0x3b}, {0xffbf, 0x3c}, {0xffc0, 0x3d}, {0xffc1, 0x3e},
    {0xffc2, 0x3f}, /* F1… */
    {0xffc3, 0x40}, {0xffc4, 0x41}, {0xffc5, 0x42}, {0xffc6, 0x43},
    {0xffc7, 0x44}, {0xffc8, 0x57}, {0xffc9, 0x58}, {0xffb0, 0x52},
    {0xffb1, 0x4f}, {0xffb2, 0x50}, {0xffb3, 0x51}, {0xffb4, 0x4b}, /* the keypad */
    {0xffb5, 0x4c}, {0xffb6, 0x4d}, {0xffb7, 0x47}, {0xffb8, 0x48},
    {0xffb9, 0x49}, {0xffae, 0x53}, {0xffab, 0x4e}, {0xffad, 0x4a},
    {0xffaa, 0x37}, {0xffaf, 0xb5}, {0xff8d, 0x9c}, {0xff95, 0x47},
    {0xff96, 0x4b}, {0xff97, 0x48}, {0xff98, 0x4d}, {0xff99, 0x50},
    {0xff9a, 0x49}, {0xff9b, 0x51}, {0xff9c, 0x4f}, {0xff9d, 0x4c},
    {0xff9e, 0x52}, {0xff9f, 0x53},
};

KeymapKey
keymap_find(guint32 keysym)
{
    if (keysym > 0 && keysym < 0x7f) {
        for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
            const char *plain = strchr(rows[i].plain, (int)keysym);
            const char *shifted = strchr(rows[i].shifted, (int)keysym);
            if (plain)
                return (KeymapKey){rows[i].first + (guint)(plain - rows[i].plain), FALSE,
                                   keysym == ' '};
            if (shifted)
                return (KeymapKey){rows[i].first + (guint)(shifted - rows[i].shifted), TRUE, FALSE};
        }
    }
    for (guint i = 0; i < G_N_ELEMENTS(others); i++)
        if (others[i].keysym == keysym)
            return (KeymapKey){others[i].qnum, FALSE, TRUE};
    return (KeymapKey){0};
}

guint32
keymap_keysym(guint qnum, gboolean shift)
{
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        guint place = qnum - rows[i].first; /* wraps where it is before the row */
        if (qnum >= rows[i].first && place < strlen(rows[i].plain))
            return (guint8)(shift ? rows[i].shifted : rows[i].plain)[place];
    }
    for (guint i = 0; i < G_N_ELEMENTS(others); i++)
        if (others[i].qnum == qnum)
            return others[i].keysym;
    return 0;
}
