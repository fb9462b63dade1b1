/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "screenshot.h"

#include "common/error.h"

#include <png.h>
#include <stdio.h>
#include <unistd.h>

typedef struct {
    int fd;
    guint width, height;
    guint8 *rgb;
} Shot;

static void
shot_free(gpointer data)
{
    Shot *shot = data;
    if (shot->fd >= 0)
        close(shot->fd);
    g_free(shot->rgb);
    g_free(shot);
}

static guint8 *
to_rgb(const Frame *frame)
{
    guint8 *rgb = g_malloc((gsize)frame->width * frame->height * 3);
    guint8 *out = rgb;
    for (int y = 0; y < frame->height; y++) {
        const guint32 *row = frame->pixels + (gsize)y * frame->stride;
        for (int x = 0; x < frame->width; x++) {
            *out++ = row[x] >> 16 & 0xff;
            *out++ = row[x] >> 8 & 0xff;
            *out++ = row[x] & 0xff;
        }
    }
    return rgb;
}

static void
write_png(GTask *task, gpointer object, gpointer data, GCancellable *cancellable)
{
    Shot *shot = data;
    png_image image = {
        .version = PNG_IMAGE_VERSION,
        .width = shot->width,
        .height = shot->height,
        .format = PNG_FORMAT_RGB,
        .flags = PNG_IMAGE_FLAG_FAST,
    };
    FILE *file = fdopen(shot->fd, "wb");
    gboolean good = file != NULL;
    if (file) {
        shot->fd = -1;
        good = png_image_write_to_stdio(&image, file, FALSE, shot->rgb, 0, NULL);
        good = fclose(file) == 0 && good;
    }
    if (good)
        g_task_return_boolean(task, TRUE);
    else
        g_task_return_new_error(task, ORIEL_ERROR, ORIEL_ERROR_FAILED,
                                "The picture could not be written.");
}

void
screenshot_write_async(const Frame *frame, int fd, GAsyncReadyCallback done, gpointer user)
{
    Shot *shot = g_new(Shot, 1);
    *shot = (Shot){fd, (guint)frame->width, (guint)frame->height, to_rgb(frame)};
    g_autoptr(GTask) task = g_task_new(NULL, NULL, done, user);
    g_task_set_task_data(task, shot, shot_free);
    g_task_run_in_thread(task, write_png);
}

gboolean
screenshot_write_finish(GAsyncResult *result, GError **error)
{
    return g_task_propagate_boolean(G_TASK(result), error);
}
