/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "host/agent/image-import.h"
#include "host/agent/image.h"

/* The images of this host: what is in STATE/images. Main-context object. */
typedef struct ImageStore ImageStore;

typedef struct {
    void (*changed)(const Image *image, gpointer user);
    void (*deleted)(const char *name, gpointer user);
} ImageStoreEvents;

/* Finds what is there. Imports that our end interrupted are cleaned up and become failed ones. */
ImageStore *image_store_new(const char *folder, const char *qemu_img, GError **error);
void image_store_free(ImageStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImageStore, image_store_free)

/* events (may be NULL) come from the main loop and also from inside image_store_import() and
 * _delete(). */
void image_store_set_events(ImageStore *store, const ImageStoreEvents *events, gpointer user);

/* Borrowed Images, by name; the caller frees the list alone. */
GList *image_store_list(ImageStore *store);
/* Borrowed; ORIEL_ERROR_NOT_FOUND. */
const Image *image_store_find(ImageStore *store, const char *name, GError **error);
/* Its folder, where disk.qcow2, kernel and initrd lie. */
char *image_store_folder(ImageStore *store, const char *name);

/* Begins an import; an image of this name that failed is replaced. ORIEL_ERROR_EXISTS, _INVALID,
 * _NOT_FOUND, _NO_SPACE. */
const Image *image_store_import(ImageStore *store, const char *name, const char *title,
                                const char *cmdline, const ImageSource *source, GError **error);
/* Ends an import under way: the image has failed then. ORIEL_ERROR_NOT_FOUND. */
const Image *image_store_cancel(ImageStore *store, const char *name, GError **error);
/* The caller has seen to it that nothing stands on the image. An import under way is ended. */
gboolean image_store_delete(ImageStore *store, const char *name, GError **error);
