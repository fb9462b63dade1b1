/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "replay-damage.h"
#include "../region.h"

#include <stdio.h>
#include <string.h>

#define MAX_DIGITS 5
#define MAX_LINE   (REPLAY_DAMAGE_MAX * 4 * (MAX_DIGITS + 1) + 2)

struct ReplayDamage {
    FILE *stream;
    int width, height;
    guint line; /* of the file, for people */
    gboolean over;
    int rectangles[REPLAY_DAMAGE_MAX][4];
    char text[MAX_LINE];
};

ReplayDamage *
replay_damage_open(const char *path, int width, int height)
{
    FILE *stream = fopen(path, "re");
    if (!stream)
        return NULL;
    ReplayDamage *damage = g_new0(ReplayDamage, 1);
    damage->stream = stream;
    damage->width = width;
    damage->height = height;
    return damage;
}

void
replay_damage_close(ReplayDamage *damage)
{
    if (!damage)
        return;
    fclose(damage->stream);
    g_free(damage);
}

/* Digits only, and few: no sign, no overflow. NULL when there is no number. */
static const char *
parse_number(const char *text, int *number)
{
    int digits = 0;
    *number = 0;
    for (; g_ascii_isdigit(*text) && digits <= MAX_DIGITS; text++, digits++)
        *number = *number * 10 + (*text - '0');
    return digits && digits <= MAX_DIGITS ? text : NULL;
}

static const char *
parse_rectangle(const char *text, int *rectangle)
{
    for (int i = 0; i < 4 && text; i++) {
        text = parse_number(text, &rectangle[i]);
        if (text && i < 3)
            text = *text == ',' ? text + 1 : NULL;
    }
    return text && (!*text || strchr(" \t\r\n", *text)) ? text : NULL;
}

int
replay_damage_parse(const char *line, int width, int height, int (*rectangles)[4], int most)
{
    int n = 0;
    while (*(line += strspn(line, " \t\r\n"))) {
        int r[4];
        line = n < most ? parse_rectangle(line, r) : NULL;
        if (!line || r[2] < 1 || r[3] < 1 || r[0] + r[2] > width || r[1] + r[3] > height)
            return -1;
        memcpy(rectangles[n++], r, sizeof *rectangles);
    }
    return n;
}

/* FALSE: there is no whole line that fits. */
static gboolean
read_line(ReplayDamage *damage)
{
    if (!fgets(damage->text, sizeof damage->text, damage->stream))
        return FALSE;
    damage->line++;
    return strchr(damage->text, '\n') || feof(damage->stream);
}

gboolean
replay_damage_next(ReplayDamage *damage, pixman_region32_t *region)
{
    pixman_region32_clear(region);
    if (damage->over)
        return FALSE;
    guint before = damage->line;
    int n = read_line(damage) ? replay_damage_parse(damage->text, damage->width, damage->height,
                                                    damage->rectangles, REPLAY_DAMAGE_MAX)
                              : -1;
    if (n < 0) {
        damage->over = TRUE;
        if (damage->line != before)
            g_message("Line %u of the recording's damage file is none: it is not used further.",
                      damage->line);
        return FALSE;
    }
    for (int i = 0; i < n; i++) {
        const int *r = damage->rectangles[i];
        region_add(region, r[0], r[1], r[2], r[3]);
    }
    return TRUE;
}
