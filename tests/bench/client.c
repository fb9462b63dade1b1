/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A stock client that drains a server until it ends, and says then what came, as one line of JSON.
 * With a recording it also says how what it showed compares.
 *
 *     bench-client SOCKET ENCODINGS QUALITY COMPRESS [RECORDING WIDTH HEIGHT]
 *
 * It says "ready" when its handshake is done, and "bytes N updates N" when it is sent a line.
 */
#include "judge.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void
say_counts(const Viewer *viewer)
{
    printf("bytes %" G_GUINT64_FORMAT " updates %" G_GUINT64_FORMAT "\n", viewer_bytes(viewer),
           viewer_updates(viewer));
    fflush(stdout);
}

static void
drain(Viewer *viewer)
{
    struct pollfd fds[2] = {{.fd = viewer_fd(viewer), .events = POLLIN},
                            {.fd = STDIN_FILENO, .events = POLLIN}};
    char line[64];
    while (viewer_step(viewer, 0)) {
        if (viewer_has_more(viewer) || poll(fds, 2, 1000) <= 0 ||
            !(fds[1].revents & (POLLIN | POLLHUP)))
            continue;
        if (read(STDIN_FILENO, line, sizeof line) > 0)
            say_counts(viewer);
        else
            fds[1].fd = -1;
    }
}

static void
on_updated(gpointer user)
{
    judge_updated(user);
}

static const ViewerEvents events = {.updated = on_updated};

int
main(int argc, char **argv)
{
    Recording *recording = NULL;
    if (argc != 5 && argc != 8) {
        fprintf(stderr, "Usage: bench-client SOCKET ENCODINGS QUALITY COMPRESS "
                        "[RECORDING WIDTH HEIGHT]\n");
        return 2;
    }
    if (argc == 8 && !(recording = recording_open(argv[5], atoi(argv[6]), atoi(argv[7])))) {
        fprintf(stderr, "bench-client: %s cannot be read.\n", argv[5]);
        return 1;
    }
    ViewerSettings settings = {
        .encodings = argv[2],
        .quality = atoi(argv[3]),
        .compress = atoi(argv[4]),
    };
    Viewer *viewer = viewer_new(argv[1], &settings);
    if (!viewer) {
        fprintf(stderr, "bench-client: %s does not answer.\n", argv[1]);
        return 1;
    }
    Judge *judge = recording ? judge_new(recording, viewer) : NULL;
    if (judge)
        viewer_watch(viewer, &events, judge);
    puts("ready");
    fflush(stdout);
    drain(viewer);
    if (judge)
        judge_updated(
            judge); /* libvncclient does not tell of an update whose answer is not heard any more */
    json_t *object = judge ? judge_verdict(judge) : json_object();
    json_object_set_new(object, "bytes", json_integer((json_int_t)viewer_bytes(viewer)));
    json_object_set_new(object, "updates", json_integer((json_int_t)viewer_updates(viewer)));
    json_dumpf(object, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(object);
    judge_free(judge);
    viewer_free(viewer);
    recording_free(recording);
    return 0;
}
