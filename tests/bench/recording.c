/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recording.h"

#include <fcntl.h>
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

static gboolean
differs(const Recording *recording, guint number, int x, int y, int w, int h)
{
    const guint32 *now = recording_frame(recording, number),
                  *before = recording_frame(recording, number - 1);
    for (int row = y; row < y + h; row++)
        for (gsize i = (gsize)row * (gsize)recording->width + (gsize)x, end = i + (gsize)w; i < end;
             i++)
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
            int w = MIN(square, recording->width - x), h = MIN(square, recording->height - y);
            if (differs(recording, number, x, y, w, h))
                pixman_region32_union_rect(damage, damage, x, y, (unsigned)w, (unsigned)h);
        }
}
