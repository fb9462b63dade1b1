/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "replay-file.h"

#include "common/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <zstd.h>

#define INPUT_SIZE (256 * 1024)
#define MAX_WINDOW                                                                                 \
    27 /* log2 of the memory a file may ask for: 128 MiB, what "zstd --long" writes */

struct ReplayFile {
    FILE *stream;
    ZSTD_DCtx *zstd; /* NULL: plain */
    guint8 *input;
    ZSTD_inBuffer in;
    gsize hint; /* what zstd said last: 0 when a zstd frame is complete */
};

static gboolean
is_zstd(FILE *stream)
{
    static const guint8 magic[4] = {0x28, 0xb5, 0x2f, 0xfd};
    guint8 head[4];
    gboolean is = fread(head, 1, sizeof head, stream) == sizeof head &&
                  memcmp(head, magic, sizeof magic) == 0;
    rewind(stream);
    return is;
}

ReplayFile *
replay_file_open(const char *path, GError **error)
{
    FILE *stream = fopen(path, "rbe");
    if (!stream) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_NOT_FOUND, "%s cannot be read: %s.", path,
                    g_strerror(errno));
        return NULL;
    }
    ReplayFile *file = g_new0(ReplayFile, 1);
    file->stream = stream;
    if (is_zstd(stream)) {
        file->zstd = ZSTD_createDCtx();
        ZSTD_DCtx_setParameter(file->zstd, ZSTD_d_windowLogMax, MAX_WINDOW);
        file->input = g_malloc(INPUT_SIZE);
        file->in.src = file->input;
    }
    return file;
}

void
replay_file_close(ReplayFile *file)
{
    if (!file)
        return;
    fclose(file->stream);
    ZSTD_freeDCtx(file->zstd);
    g_free(file->input);
    g_free(file);
}

/* FALSE: the file has no more bytes. */
static gboolean
refill(ReplayFile *file)
{
    file->in.size = fread(file->input, 1, INPUT_SIZE, file->stream);
    file->in.pos = 0;
    return file->in.size > 0;
}

static gsize
decompress(ReplayFile *file, guint8 *to, gsize size, GError **error)
{
    ZSTD_outBuffer out = {to, size, 0};
    while (out.pos < size) {
        gsize before = out.pos;
        gboolean more = file->in.pos < file->in.size || refill(file);
        file->hint = ZSTD_decompressStream(file->zstd, &out, &file->in);
        if (ZSTD_isError(file->hint)) {
            g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID, "The recording is damaged: %s.",
                        ZSTD_getErrorName(file->hint));
            return 0;
        }
        if (!more && out.pos == before)
            break;
    }
    return out.pos;
}

gboolean
replay_file_read(ReplayFile *file, guint8 *to, gsize size, GError **error)
{
    GError *broken = NULL;
    gsize n = file->zstd ? decompress(file, to, size, &broken) : fread(to, 1, size, file->stream);
    if (broken) {
        g_propagate_error(error, broken);
        return FALSE;
    }
    if (n > 0 && n < size)
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID,
                    "The recording ends in the midst of a frame.");
    return n == size;
}
