/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image-import.h"

#include "common/error.h"
#include "host/agent/disk-format.h"
#include "host/agent/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* A kernel or initrd larger than this is none. */
#define MAX_BOOT_FILE (512 * 1024 * 1024)
/* What an import leaves free on the disk. */
#define SPARE_BYTES (G_GUINT64_CONSTANT(256) << 20)
/* Converting is most of the work; checking comes before it, the checksum after it. */
#define PROGRESS_CONVERT_FROM 5
#define PROGRESS_CONVERT_TO   85
#define PROGRESS_SUM          90
#define SUM_CHUNK             (1024 * 1024)

struct ImageImport {
    ImageSource source;
    char *folder, *qemu_img, *disk;
    const char *format;
    GCancellable *cancellable;
    guint percent;
    gboolean freed; /* released when the step under way comes back */
    const ImageImportEvents *events;
    gpointer user;
};

/* The thread's product. */
typedef struct {
    char *sha256;
    guint64 size, virtual_size;
} Frozen;

static void
source_clear(ImageSource *source)
{
    g_clear_pointer(&source->path, g_free);
    g_clear_pointer(&source->kernel, g_free);
    g_clear_pointer(&source->initrd, g_free);
}

static gboolean
stat_regular(const char *path, struct stat *info, GError **error)
{
    if (!g_path_is_absolute(path)) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID, "“%s” is not an absolute path.", path);
        return FALSE;
    }
    if (stat(path, info) != 0 || access(path, R_OK) != 0) {
        g_set_error(error, ORIEL_ERROR,
                    errno == ENOENT ? ORIEL_ERROR_NOT_FOUND : ORIEL_ERROR_INVALID,
                    "The host cannot read “%s”: %s.", path, g_strerror(errno));
        return FALSE;
    }
    if (!S_ISREG(info->st_mode)) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID, "“%s” is not a file.", path);
        return FALSE;
    }
    return TRUE;
}

static gboolean
check_boot_file(const char *path, GError **error)
{
    struct stat info;
    if (path == NULL)
        return TRUE;
    if (!stat_regular(path, &info, error))
        return FALSE;
    if (info.st_size > 0 && info.st_size <= MAX_BOOT_FILE)
        return TRUE;
    g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID,
                "“%s” is empty or too large for a kernel or initrd.", path);
    return FALSE;
}

static gboolean
check_space(const char *folder, const struct stat *source, GError **error)
{
    struct statvfs disk;
    if (statvfs(folder, &disk) != 0)
        return TRUE;
    guint64 free_bytes = (guint64)disk.f_bavail * disk.f_frsize;
    guint64 needed = (guint64)source->st_blocks * 512 + SPARE_BYTES;
    if (free_bytes >= needed)
        return TRUE;
    g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_NO_SPACE,
                "The image needs %" G_GUINT64_FORMAT
                " MiB on this host's disk, and only %" G_GUINT64_FORMAT " MiB are free.",
                needed >> 20, free_bytes >> 20);
    return FALSE;
}

/* The format by the file's first bytes, or NULL. */
static const char *
read_format(const char *path, guint64 *virtual_size, GError **error)
{
    guint8 header[DISK_HEADER_SIZE];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd >= 0 ? pread(fd, header, sizeof header, 0) : -1;
    int problem = errno;
    if (fd >= 0)
        close(fd);
    if (length < 0) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID, "The host cannot read “%s”: %s.", path,
                    g_strerror(problem));
        return NULL;
    }
    return disk_format_check(header, (gsize)length, virtual_size, error);
}

gboolean
image_source_check(const ImageSource *source, const char *folder, GError **error)
{
    struct stat info;
    if ((source->kernel == NULL) != (source->initrd == NULL)) {
        g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_INVALID,
                            "“kernel” and “initrd” belong together.");
        return FALSE;
    }
    return stat_regular(source->path, &info, error) && check_boot_file(source->kernel, error) &&
           check_boot_file(source->initrd, error) && check_space(folder, &info, error);
}

static void
import_release(ImageImport *import)
{
    source_clear(&import->source);
    g_free(import->folder);
    g_free(import->qemu_img);
    g_free(import->disk);
    g_clear_object(&import->cancellable);
    g_free(import);
}

/* A step came back: TRUE when somebody still wants to know. */
static gboolean
import_lives(ImageImport *import)
{
    if (!import->freed)
        return TRUE;
    import_release(import);
    return FALSE;
}

/* The last thing an import does; done() frees it. */
static void
import_end(ImageImport *import, const ImageImportResult *result, const GError *error)
{
    g_clear_object(&import->cancellable);
    import->events->done(result, error, import->user);
}

static void
import_progress(ImageImport *import, guint percent)
{
    if (percent <= import->percent)
        return;
    import->percent = percent;
    import->events->progress(percent, import->user);
}

/* The disk's whole content, counted and brought to the disk's plates. */
static char *
sum_file(const char *path, guint64 *size, GCancellable *cancellable, GError **error)
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree guint8 *buffer = g_malloc(SUM_CHUNK);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = -1;
    *size = 0;
    while (fd >= 0 && !g_cancellable_is_cancelled(cancellable) &&
           (length = read(fd, buffer, SUM_CHUNK)) > 0) {
        g_checksum_update(checksum, buffer, length);
        *size += (guint64)length;
    }
    gboolean complete = length == 0 && fsync(fd) == 0;
    if (!complete)
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED,
                    "The converted disk could not be read back: %s.", g_strerror(errno));
    if (fd >= 0)
        close(fd);
    return complete ? g_strdup(g_checksum_get_string(checksum)) : NULL;
}

static gboolean
copy_boot_file(ImageImport *import, const char *from, const char *name, GError **error)
{
    if (from == NULL)
        return TRUE;
    g_autofree char *to = g_build_filename(import->folder, name, NULL);
    g_autoptr(GFile) source = g_file_new_for_path(from);
    g_autoptr(GFile) target = g_file_new_for_path(to);
    g_autoptr(GError) copy_error = NULL;
    if (g_file_copy(source, target, G_FILE_COPY_OVERWRITE | G_FILE_COPY_TARGET_DEFAULT_PERMS,
                    import->cancellable, NULL, NULL, &copy_error))
        return chmod(to, 0400) == 0;
    gboolean full = g_error_matches(copy_error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
    g_set_error(error, ORIEL_ERROR, full ? ORIEL_ERROR_NO_SPACE : ORIEL_ERROR_FAILED,
                "“%s” could not be copied: %s.", from, copy_error->message);
    return FALSE;
}

/* In a thread. It reads the import's own strings only, which nobody changes until it has come back.
 */
static void
freeze(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    ImageImport *import = data;
    GError *error = NULL;
    Frozen *frozen = g_new0(Frozen, 1);
    if (copy_boot_file(import, import->source.kernel, "kernel", &error) &&
        copy_boot_file(import, import->source.initrd, "initrd", &error))
        frozen->sha256 = sum_file(import->disk, &frozen->size, cancellable, &error);
    if (frozen->sha256 != NULL &&
        read_format(import->disk, &frozen->virtual_size, &error) != NULL &&
        chmod(import->disk, 0400) == 0) {
        g_task_return_pointer(task, frozen, NULL);
        return;
    }
    g_free(frozen->sha256);
    g_free(frozen);
    if (error == NULL)
        error = g_error_new(ORIEL_ERROR, ORIEL_ERROR_FAILED,
                            "The image could not be made read-only: %s.", g_strerror(errno));
    g_task_return_error(task, error);
}

static void
on_frozen(GObject *source, GAsyncResult *result, gpointer user)
{
    ImageImport *import = user;
    g_autoptr(GError) error = NULL;
    g_autofree Frozen *frozen = g_task_propagate_pointer(G_TASK(result), &error);
    g_autofree char *sha256 = frozen != NULL ? frozen->sha256 : NULL;
    if (!import_lives(import))
        return;
    if (frozen == NULL) {
        import_end(import, NULL, error);
        return;
    }
    ImageImportResult told = {
        .sha256 = sha256, .size_bytes = frozen->size, .virtual_size_bytes = frozen->virtual_size};
    import_end(import, &told, NULL);
}

static void
on_converted(int exit_code, const char *output, const GError *error, gpointer user)
{
    ImageImport *import = user;
    if (!import_lives(import))
        return;
    if (error != NULL) {
        import_end(import, NULL, error);
        return;
    }
    if (exit_code != 0) {
        g_autofree char *complaint = tool_complaint(output);
        g_autoptr(GError) failure =
            strstr(output, g_strerror(ENOSPC)) != NULL
                ? g_error_new_literal(ORIEL_ERROR, ORIEL_ERROR_NO_SPACE,
                                      "There is no space left on this host's disk (no-space).")
                : g_error_new(ORIEL_ERROR, ORIEL_ERROR_FAILED,
                              "The image could not be converted: %s.",
                              complaint[0] != '\0' ? complaint : "qemu-img was killed");
        import_end(import, NULL, failure);
        return;
    }
    import_progress(import, PROGRESS_SUM);
    g_autoptr(GTask) task = g_task_new(NULL, import->cancellable, on_frozen, import);
    g_task_set_task_data(task, import, NULL);
    g_task_run_in_thread(task, freeze);
}

/* qemu-img writes "    (12.34/100%)" and a carriage return, again and again. */
static void
on_convert_output(const char *text, gpointer user)
{
    ImageImport *import = user;
    const char *open_bracket = strrchr(text, '(');
    if (import->freed || open_bracket == NULL)
        return;
    double part = g_ascii_strtod(open_bracket + 1, NULL);
    if (part >= 0 && part <= 100)
        import_progress(import,
                        PROGRESS_CONVERT_FROM +
                            (guint)(part * (PROGRESS_CONVERT_TO - PROGRESS_CONVERT_FROM) / 100));
}

static void
convert(ImageImport *import)
{
    const char *const argv[] = {import->qemu_img, "convert", "-p",    "-f",
                                import->format,   "-O",      "qcow2", import->source.path,
                                import->disk,     NULL};
    import_progress(import, PROGRESS_CONVERT_FROM);
    tool_run(argv, import->cancellable, on_convert_output, on_converted, import);
}

static void
on_checked(int exit_code, const char *output, const GError *error, gpointer user)
{
    ImageImport *import = user;
    if (!import_lives(import))
        return;
    if (error != NULL) {
        import_end(import, NULL, error);
    } else if (exit_code == 0 ||
               exit_code == 3) { /* 3: clusters nobody uses, which converting leaves behind */
        convert(import);
    } else {
        g_autofree char *complaint = tool_complaint(output);
        g_autoptr(GError) failure =
            exit_code == 2
                ? g_error_new_literal(ORIEL_ERROR, ORIEL_ERROR_INVALID, "The image is corrupt.")
                : g_error_new(ORIEL_ERROR, ORIEL_ERROR_INVALID, "The image is corrupt: %s.",
                              complaint[0] != '\0' ? complaint : "it could not be checked");
        import_end(import, NULL, failure);
    }
}

static gboolean
begin(gpointer user)
{
    ImageImport *import = user;
    g_autoptr(GError) error = NULL;
    guint64 virtual_size = 0;
    if (!import_lives(import))
        return G_SOURCE_REMOVE;
    import->format = read_format(import->source.path, &virtual_size, &error);
    if (import->format == NULL) {
        import_end(import, NULL, error);
    } else if (g_str_equal(import->format, "qcow2")) {
        const char *const argv[] = {import->qemu_img,    "check", "-f", "qcow2",
                                    import->source.path, NULL};
        tool_run(argv, import->cancellable, NULL, on_checked, import);
    } else {
        convert(import);
    }
    return G_SOURCE_REMOVE;
}

ImageImport *
image_import_new(const ImageSource *source, const char *folder, const char *qemu_img,
                 const ImageImportEvents *events, gpointer user)
{
    ImageImport *import = g_new0(ImageImport, 1);
    import->source.path = g_strdup(source->path);
    import->source.kernel = g_strdup(source->kernel);
    import->source.initrd = g_strdup(source->initrd);
    import->folder = g_strdup(folder);
    import->disk = g_build_filename(folder, "disk.qcow2", NULL);
    import->qemu_img = g_strdup(qemu_img);
    import->cancellable = g_cancellable_new();
    import->events = events;
    import->user = user;
    g_idle_add(begin, import);
    return import;
}

void
image_import_free(ImageImport *import)
{
    if (import == NULL)
        return;
    if (import->cancellable == NULL) { /* it has ended */
        import_release(import);
        return;
    }
    import->freed = TRUE;
    g_cancellable_cancel(import->cancellable);
}
