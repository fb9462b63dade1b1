/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/unix-socket.h"

#include "common/error.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static gboolean
unix_address(const char *path, struct sockaddr_un *address, GError **error)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address->sun_path) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID, "The socket path %s is too long.",
                    path);
        return FALSE;
    }
    memcpy(address->sun_path, path, strlen(path) + 1);
    return TRUE;
}

/* Never waits: connect() would, for as long as a listener that hangs has no room in its queue.
 * *full: that is so. */
static int
connect_now(const char *path, gboolean *full, GError **error)
{
    struct sockaddr_un address;

    *full = FALSE;
    if (!unix_address(path, &address, error))
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    int failure = errno;
    *full = fd >= 0 && failure == EAGAIN;
    g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_UNAVAILABLE, "Nobody answers at %s: %s", path,
                g_strerror(failure));
    if (fd >= 0)
        close(fd);
    return -1;
}

int
oriel_connect_unix(const char *path, GError **error)
{
    gboolean full;

    return connect_now(path, &full, error);
}

int
oriel_listen_unix(const char *path, mode_t mode, gid_t group, GError **error)
{
    struct sockaddr_un address;
    gboolean full;
    int probe = connect_now(path, &full, NULL);

    if (probe >= 0 || full) {
        if (probe >= 0)
            close(probe);
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_EXISTS,
                    "Another program already listens at %s.", path);
        return -1;
    }
    if (!unix_address(path, &address, error))
        return -1;
    unlink(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t before = umask(0777 & ~mode);
    int bound = fd < 0 ? -1 : bind(fd, (struct sockaddr *)&address, sizeof address);
    umask(before);
    if (bound < 0 || (group != (gid_t)-1 && chown(path, (uid_t)-1, group) < 0) ||
        listen(fd, 64) < 0) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED, "Cannot listen at %s: %s", path,
                    g_strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}
