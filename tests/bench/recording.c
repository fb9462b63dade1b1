/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recording.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define COLOUR 0x00ffffffu

struct Recording {
    guint32 *pixels;
    gsize size; /* bytes */
    int width, height;
    guint frames;
};

Recording *
recording_open(const char *path, int width, int height)
{
    gsize frame = (gsize)width * (gsize)height * sizeof(guint32);
    struct stat about;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    void *map = fstat(fd, &about) == 0 && (gsize)about.st_size >= frame
                    ? mmap(NULL, (gsize)about.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0)
                    : MAP_FAILED;
    close(fd);
    if (map == MAP_FAILED)
        return NULL;
    Recording *recording = g_new0(Recording, 1);
    recording->pixels = map;
    recording->size = (gsize)about.st_size;
    recording->width = width;
    recording->height = height;
    recording->frames = (guint)(recording->size / frame);
    return recording;
}

void
recording_free(Recording *recording)
{
    if (!recording)
        return;
    munmap(recording->pixels, recording->size);
    g_free(recording);
}

guint
recording_frames(const Recording *recording)
{
    return recording->frames;
}

int
recording_width(const Recording *recording)
{
    return recording->width;
}

int
recording_height(const Recording *recording)
{
    return recording->height;
}

const guint32 *
recording_frame(const Recording *recording, guint number)
{
    return recording->pixels + (gsize)number * (gsize)recording->width * (gsize)recording->height;
}

gboolean
recording_differs(const Recording *recording, guint number, const pixman_box32_t *box)
{
    if (number == 0)
        return TRUE;
    const guint32 *now = recording_frame(recording, number),
                  *before = recording_frame(recording, number - 1);
    for (int row = box->y1; row < box->y2; row++)
        for (gsize i = (gsize)row * (gsize)recording->width + (gsize)box->x1,
                   end = i + (gsize)(box->x2 - box->x1);
             i < end; i++)
            if ((now[i] ^ before[i]) & COLOUR)
                return TRUE;
    return FALSE;
}

void
recording_damage(const Recording *recording, guint number, int square, pixman_region32_t *damage)
{
    pixman_region32_clear(damage);
    if (number == 0) {
        pixman_region32_union_rect(damage, damage, 0, 0, (unsigned)recording->width,
                                   (unsigned)recording->height);
        return;
    }
    for (int y = 0; y < recording->height; y += square)
        for (int x = 0; x < recording->width; x += square) {
            pixman_box32_t box = {x, y, MIN(x + square, recording->width),
                                  MIN(y + square, recording->height)};
            if (recording_differs(recording, number, &box))
                pixman_region32_union_rect(damage, damage, x, y, (unsigned)(box.x2 - x),
                                           (unsigned)(box.y2 - y));
        }
}

void
recording_copy(const Recording *recording, guint number, const pixman_box32_t *box, guint32 *to,
               int stride)
{
    const guint32 *from = recording_frame(recording, number);
    gsize size = (gsize)(box->x2 - box->x1) * sizeof *to;

    for (int y = box->y1; y < box->y2; y++)
        memcpy(to + (gsize)y * (gsize)stride + (gsize)box->x1,
               from + (gsize)y * (gsize)recording->width + (gsize)box->x1, size);
}
