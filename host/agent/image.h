/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <jansson.h>

typedef enum { IMAGE_IMPORTING, IMAGE_READY, IMAGE_FAILED } ImageState;

/* One image of this host: STATE/images/NAME/ with disk.qcow2, kernel and initrd where it has them,
 * and image.json. */
typedef struct {
    char *name;
    char *title;
    char *reason;  /* why it failed, or NULL */
    char *sha256;  /* of disk.qcow2, in hex; NULL until it is ready */
    char *cmdline; /* of its kernel; "" for none */
    ImageState state;
    guint progress; /* 0…100 */
    guint64 size_bytes, virtual_size_bytes;
    gint64 created_at;    /* Unix time, s */
    gboolean direct_boot; /* it brings kernel and initrd */
} Image;

Image *image_new(const char *name);
void image_free(Image *image);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Image, image_free)

/* A name is also a folder's: a letter or digit, then up to 62 of letters, digits, '.', '_' and '-'.
 */
gboolean image_name_is_valid(const char *name);

/* As the host's API tells it; desktops is how many stand on it. */
json_t *image_to_json(const Image *image, guint desktops);

/* image.json of folder, written whole or not at all. */
gboolean image_save(const Image *image, const char *folder, GError **error);
/* NULL when there is none or it cannot be read. */
Image *image_load(const char *folder, const char *name);
