/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * libvncserver's own encoder playing a recording in lockstep to one client, as oriel-display does.
 * It is given what it cannot find itself: which 64x64 squares differ in each frame, found before
 * the clock starts. Inside the clock it copies these into its framebuffer, as any server must, and
 * encodes.
 *
 *     bench-libvncserver RECORDING WIDTH HEIGHT SOCKET
 *
 * Says one line of JSON at the end, counted as oriel-display's --stats-json is.
 */
#include "recording.h"

#include <jansson.h>
#include <rfb/rfb.h>
#include <rfb/rfbregion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define SQUARE 64

typedef struct {
    const Recording *recording;
    pixman_region32_t *damage; /* one a frame */
    rfbScreenInfoPtr screen;
    rfbClientPtr client; /* NULL: gone */
} Peer;

static double
seconds(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static int
accept_one(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 1) < 0)
        return -1;
    puts("listening");
    fflush(stdout);
    int client = accept(fd, NULL, NULL);
    close(fd);
    return client;
}

static void
on_gone(rfbClientPtr client)
{
    *(rfbClientPtr *)client->clientData = NULL;
}

/* All that is damaged is sent, and the client has asked again. */
static gboolean
is_idle(const Peer *peer)
{
    return peer->client->state == RFB_NORMAL && sraRgnEmpty(peer->client->modifiedRegion) &&
           !sraRgnEmpty(peer->client->requestedRegion);
}

static void
pump(Peer *peer)
{
    while (peer->client && !is_idle(peer))
        rfbProcessEvents(peer->screen, 1000);
}

static void
show(Peer *peer, guint number)
{
    const Recording *recording = peer->recording;
    gsize width = (gsize)recording_width(recording);
    const guint32 *from = recording_frame(recording, number);
    guint32 *to = (guint32 *)(void *)peer->screen->frameBuffer;
    int n;
    const pixman_box32_t *box = pixman_region32_rectangles(&peer->damage[number], &n);
    for (int i = 0; i < n; i++) {
        for (int y = box[i].y1; y < box[i].y2; y++) {
            gsize at = (gsize)y * width + (gsize)box[i].x1;
            memcpy(to + at, from + at, (gsize)(box[i].x2 - box[i].x1) * sizeof *to);
        }
        rfbMarkRectAsModified(peer->screen, box[i].x1, box[i].y1, box[i].x2, box[i].y2);
    }
}

static guint64
sent_bytes(const Peer *peer)
{
    return peer->client ? (guint64)rfbStatGetSentBytes(peer->client) : 0;
}

static rfbScreenInfoPtr
screen_new(const Recording *recording)
{
    int width = recording_width(recording), height = recording_height(recording);
    rfbScreenInfoPtr screen = rfbGetScreen(NULL, NULL, width, height, 8, 3, 4);
    screen->serverFormat.redShift = 16;
    screen->serverFormat.greenShift = 8;
    screen->serverFormat.blueShift = 0;
    screen->frameBuffer = g_malloc0((gsize)width * (gsize)height * 4);
    screen->deferUpdateTime = 0;
    screen->cursor = NULL;
    screen->port = screen->ipv6port = -1;
    return screen;
}

static json_t *
play(Peer *peer)
{
    guint frames = recording_frames(peer->recording);
    pump(peer); /* the empty screen */
    double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID), wall = seconds(CLOCK_MONOTONIC), first = 0;
    guint64 bytes = sent_bytes(peer), first_bytes = 0;
    for (guint i = 0; i < frames && peer->client; i++) {
        show(peer, i);
        pump(peer);
        first = i ? first : seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
        first_bytes = i ? first_bytes : sent_bytes(peer) - bytes;
    }
    return json_pack("{s:f, s:f, s:f, s:I, s:I, s:b}", "cpu_seconds",
                     seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu, "cpu_seconds_first", first,
                     "wall_seconds", seconds(CLOCK_MONOTONIC) - wall, "bytes",
                     (json_int_t)(sent_bytes(peer) - bytes), "bytes_first", (json_int_t)first_bytes,
                     "settled", peer->client != NULL);
}

int
main(int argc, char **argv)
{
    Recording *recording = argc == 5 ? recording_open(argv[1], atoi(argv[2]), atoi(argv[3])) : NULL;
    if (!recording) {
        fprintf(stderr, "Usage: bench-libvncserver RECORDING WIDTH HEIGHT SOCKET\n");
        return 1;
    }
    Peer peer = {.recording = recording};
    peer.damage = g_new(pixman_region32_t, recording_frames(recording));
    for (guint i = 0; i < recording_frames(recording); i++) {
        pixman_region32_init(&peer.damage[i]);
        recording_damage(recording, i, SQUARE, &peer.damage[i]);
    }
    rfbLogEnable(0);
    peer.screen = screen_new(recording);
    rfbInitServer(peer.screen);
    int fd = accept_one(argv[4]);
    peer.client = fd < 0 ? NULL : rfbNewClient(peer.screen, fd);
    if (!peer.client)
        return 1;
    peer.client->clientData = &peer.client;
    peer.client->clientGoneHook = on_gone;
    json_t *object = play(&peer);
    json_dumpf(object, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(object);
    return 0;
}
