/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net-counters.h"

#include "common/error.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static gboolean
make_whole(int fd)
{
    return ftruncate(fd, sizeof(NetCounters)) == 0;
}

NetCounters *
net_counters_map(const char *path, GError **error)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    void *at = MAP_FAILED;
    if (fd >= 0 && make_whole(fd))
        at = mmap(NULL, sizeof(NetCounters), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    int number = errno;
    if (fd >= 0)
        close(fd);
    if (at == MAP_FAILED) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED, "“%s” cannot be mapped: %s.", path,
                    g_strerror(number));
        return NULL;
    }
    NetCounters *counters = at;
    if (counters->format != NET_COUNTERS_FORMAT)
        memset(counters, 0, sizeof *counters);
    counters->format = NET_COUNTERS_FORMAT;
    return counters;
}

void
net_counters_unmap(NetCounters *counters)
{
    if (counters != NULL)
        munmap(counters, sizeof *counters);
}

gboolean
net_counters_read(const char *path, NetCounters *counters)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return FALSE;
    ssize_t size = read(fd, counters, sizeof *counters);
    close(fd);
    return size == (ssize_t)sizeof *counters && counters->format == NET_COUNTERS_FORMAT;
}
