/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz-scene.h"
#include "region.h"

#include <stdlib.h>
#include <string.h>

#define CELL       16
#define MAX_WIDTH  160 /* some tens of cells, so that it is quick */
#define MAX_HEIGHT 112
#define MAX_FRAMES 12

typedef enum { NEXT, FILL, NOISE, TEXT, MOVE, N_COMMANDS } Command;

void
fuzz_check(gboolean good, const char *what)
{
    if (good)
        return;
    g_printerr("%s\n", what);
    abort();
}

static guint8
take(FuzzScene *scene)
{
    if (!scene->size)
        return 0;
    scene->size--;
    return *scene->data++;
}

gsize
fuzz_scene_bytes(const FuzzScene *scene)
{
    return (gsize)scene->frame.stride * (gsize)scene->frame.height * sizeof(guint32);
}

gboolean
fuzz_scene_init(FuzzScene *scene, const guint8 *data, gsize size)
{
    if (size < 3)
        return FALSE;
    *scene = (FuzzScene){.data = data, .size = size};
    scene->frame.width = 1 + take(scene) % MAX_WIDTH;
    scene->frame.height = 1 + take(scene) % MAX_HEIGHT;
    scene->frame.stride = (scene->frame.width + CELL - 1) / CELL * CELL;
    scene->frame.generation = 1;
    scene->now = g_malloc0(fuzz_scene_bytes(scene));
    scene->before = g_malloc0(fuzz_scene_bytes(scene));
    pixman_region32_init(&scene->frame.damage);
    return TRUE;
}

void
fuzz_scene_clear(FuzzScene *scene)
{
    pixman_region32_fini(&scene->frame.damage);
    g_free(scene->now);
    g_free(scene->before);
}

static guint32
pixel_of(Command command, int x, int y, guint32 seed)
{
    guint32 mix = (guint32)x * 0x9e3779b1u ^ (guint32)y * 0x85ebca6bu ^ seed * 0xc2b2ae35u;

    mix = (mix ^ mix >> 15) * 0x2c1b3c6du;
    if (command == FILL)
        return seed * 0x10101;
    if (command == NOISE)
        return (mix ^ mix >> 12) & 0xffffff;
    return y % 12 < 8 && mix >> 30 == 0 ? 0 : 0xffffff;
}

static void
draw(FuzzScene *scene, Command command)
{
    int left = take(scene), top = take(scene), width = take(scene), height = take(scene);
    int dx = (gint8)take(scene), dy = (gint8)take(scene);
    const Frame *frame = &scene->frame;

    for (int y = top; y < MIN(top + height, frame->height); y++)
        for (int x = left; x < MIN(left + width, frame->width); x++) {
            int from_x = x - dx, from_y = y - dy;

            if (command != MOVE)
                scene->now[y * frame->stride + x] =
                    pixel_of(command, x - left, y - top, (guint32)dx & 0xff);
            else if (from_x >= 0 && from_y >= 0 && from_x < frame->width && from_y < frame->height)
                scene->now[y * frame->stride + x] = scene->before[from_y * frame->stride + from_x];
        }
}

static gboolean
differs(const FuzzScene *scene, int x, int y)
{
    const Frame *frame = &scene->frame;
    gsize bytes = (gsize)MIN(CELL, frame->width - x) * sizeof(guint32);

    for (int row = y; row < MIN(y + CELL, frame->height); row++)
        if (memcmp(scene->now + row * frame->stride + x, scene->before + row * frame->stride + x,
                   bytes) != 0)
            return TRUE;
    return FALSE;
}

static void
find_damage(FuzzScene *scene)
{
    Frame *frame = &scene->frame;

    pixman_region32_clear(&frame->damage);
    for (int y = 0; y < frame->height; y += CELL)
        for (int x = 0; x < frame->width; x += CELL)
            if (differs(scene, x, y))
                region_add(&frame->damage, x, y, MIN(CELL, frame->width - x),
                           MIN(CELL, frame->height - y));
}

gboolean
fuzz_scene_next(FuzzScene *scene)
{
    guint32 *now = scene->before;
    Command command;

    if (!scene->size || scene->frame.sequence == MAX_FRAMES)
        return FALSE;
    scene->before = scene->now;
    scene->now = now;
    memcpy(now, scene->before, fuzz_scene_bytes(scene));
    while ((command = take(scene) % N_COMMANDS) != NEXT)
        draw(scene, command);
    find_damage(scene);
    scene->frame.pixels = scene->now;
    scene->frame.previous = scene->before;
    scene->frame.sequence++;
    return TRUE;
}
