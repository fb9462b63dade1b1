/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/*
 * One import under way: checks the source, converts it into a qcow2 of our own that stands on
 * nothing, copies kernel and initrd, counts the checksum, and freezes the files. It works in the
 * image's own folder and leaves its clean-up to the image store. Main-context object; the heavy
 * parts run in subprocesses and in a thread.
 */
typedef struct ImageImport ImageImport;

typedef struct {
    char *path;            /* qcow2 or raw; absolute */
    char *kernel, *initrd; /* both or none (NULL) */
} ImageSource;

typedef struct {
    const char *sha256;
    guint64 size_bytes, virtual_size_bytes;
} ImageImportResult;

typedef struct {
    void (*progress)(guint percent, gpointer user);
    /* Called once; result is NULL on error. ORIEL_ERROR_NO_SPACE: the disk is full. The import may
     * be freed here. */
    void (*done)(const ImageImportResult *result, const GError *error, gpointer user);
} ImageImportEvents;

/* Looks at the source's files; everything that can be told at once is: ORIEL_ERROR_INVALID,
 * _NOT_FOUND, _NO_SPACE. folder exists. */
gboolean image_source_check(const ImageSource *source, const char *folder, GError **error);

/* source is copied. */
ImageImport *image_import_new(const ImageSource *source, const char *folder, const char *qemu_img,
                              const ImageImportEvents *events, gpointer user);
/* An import under way is ended; done is not called. NULL is fine. */
void image_import_free(ImageImport *import);
