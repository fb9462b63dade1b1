/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "nat.h"

#include <arpa/inet.h>
#include <slirp/libslirp.h>
#include <string.h>
#include <time.h>

#define NS_PER_MS 1000000

/* libslirp never asks to wait longer than this, and asks for this when it has no reason to be woken
 * (its timers are 2 and 499 ms): an idle desktop sleeps on. */
#define NO_REASON_MS 1000

/* It has one, for the routers that it announces in IPv6. */
#define MAX_TIMERS 4

typedef struct {
    gboolean used, armed;
    SlirpTimerId id;
    void *argument;
    gint64 due_ms;
} Timer;

struct Nat {
    Slirp *slirp;
    NatSend send;
    gpointer user;
    Timer timers[MAX_TIMERS];

    /* The poll that is being prepared or handled. */
    struct pollfd *list;
    const struct pollfd *found;
    guint count;
    gboolean hold_back;
};

gint64
nat_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (gint64)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* --- what libslirp asks of us
 * ------------------------------------------------------------------------------------------- */

static ssize_t
on_send(const void *frame, size_t length, void *user)
{
    Nat *nat = user;
    nat->send(frame, length, nat->user);
    return (ssize_t)length; /* what is dropped is none of its business */
}

/* A guest must not be able to fill a log. */
static void
on_guest_error(const char *text, void *user)
{
    g_debug("The guest: %s", text);
}

static int64_t
on_clock(void *user)
{
    return nat_now();
}

static void *
on_timer_new(SlirpTimerId id, void *argument, void *user)
{
    Nat *nat = user;
    for (guint i = 0; i < MAX_TIMERS; i++) {
        if (nat->timers[i].used)
            continue;
        nat->timers[i] = (Timer){.used = TRUE, .id = id, .argument = argument};
        return &nat->timers[i];
    }
    g_warning("libslirp wants more than %d timers.", MAX_TIMERS);
    return NULL;
}

static void
on_timer_free(void *timer, void *user)
{
    if (timer != NULL)
        *(Timer *)timer = (Timer){.used = FALSE};
}

static void
on_timer_mod(void *timer, int64_t due_ms, void *user)
{
    Timer *self = timer;
    if (self == NULL)
        return;
    self->due_ms = due_ms;
    self->armed = TRUE;
}

static void
on_poll_fd(int fd, void *user)
{
    /* Every poll asks anew which there are. */
}

static void
on_notify(void *user)
{
    /* Nobody else's thread calls libslirp, so nobody sleeps. */
}

static const SlirpCb callbacks = {.send_packet = on_send,
                                  .guest_error = on_guest_error,
                                  .clock_get_ns = on_clock,
                                  .timer_free = on_timer_free,
                                  .timer_mod = on_timer_mod,
                                  .register_poll_fd = on_poll_fd,
                                  .unregister_poll_fd = on_poll_fd,
                                  .notify = on_notify,
                                  .timer_new_opaque = on_timer_new};

/* --- life
 * ------------------------------------------------------------------------------------------- */

/* As QEMU's own user network has it. */
static void
fill_addresses(SlirpConfig *config)
{
    config->in_enabled = true;
    inet_pton(AF_INET, "10.0.2.0", &config->vnetwork);
    inet_pton(AF_INET, "255.255.255.0", &config->vnetmask);
    inet_pton(AF_INET, "10.0.2.2", &config->vhost);
    inet_pton(AF_INET, "10.0.2.3", &config->vnameserver);
    inet_pton(AF_INET, "10.0.2.15", &config->vdhcp_start);
    config->in6_enabled = true;
    config->vprefix_len = 64;
    inet_pton(AF_INET6, "fec0::", &config->vprefix_addr6);
    inet_pton(AF_INET6, "fec0::2", &config->vhost6);
    inet_pton(AF_INET6, "fec0::3", &config->vnameserver6);
}

Nat *
nat_new(gboolean isolated, NatSend send, gpointer user)
{
    SlirpConfig config = {
        .version = 4, .restricted = isolated, .disable_host_loopback = true, .enable_emu = false};
    Nat *nat = g_new0(Nat, 1);
    nat->send = send;
    nat->user = user;
    fill_addresses(&config);
    nat->slirp = slirp_new(&config, &callbacks, nat);
    return nat;
}

void
nat_free(Nat *nat)
{
    if (nat == NULL)
        return;
    slirp_cleanup(nat->slirp);
    g_free(nat);
}

void
nat_input(Nat *nat, const guint8 *frame, gsize length)
{
    slirp_input(nat->slirp, frame, (int)length);
}

/* --- sockets and timers
 * ------------------------------------------------------------------------------------------- */

static const struct {
    int slirp;
    short poll;
} events[] = {{SLIRP_POLL_IN, POLLIN},
              {SLIRP_POLL_OUT, POLLOUT},
              {SLIRP_POLL_PRI, POLLPRI},
              {SLIRP_POLL_ERR, POLLERR},
              {SLIRP_POLL_HUP, POLLHUP}};

static int
on_add_poll(int fd, int wanted, void *user)
{
    Nat *nat = user;
    short asked = 0;
    if (nat->hold_back)
        wanted &= ~(SLIRP_POLL_IN | SLIRP_POLL_PRI);
    for (gsize i = 0; i < G_N_ELEMENTS(events); i++)
        if (wanted & events[i].slirp)
            asked |= events[i].poll;
    /* One that is asked for nothing would still tell of its end, over and over. */
    if ((asked & (POLLIN | POLLPRI | POLLOUT)) == 0 || nat->count == NAT_MAX_SOCKETS)
        return -1;
    nat->list[nat->count] = (struct pollfd){.fd = fd, .events = asked};
    return (int)nat->count++;
}

static int
on_get_revents(int index, void *user)
{
    Nat *nat = user;
    int told = 0;
    if (index < 0 || (guint)index >= nat->count)
        return 0;
    for (gsize i = 0; i < G_N_ELEMENTS(events); i++)
        if (nat->found[index].revents & events[i].poll)
            told |= events[i].slirp;
    return told;
}

static void
wait_for_timers(const Nat *nat, gint64 *wait)
{
    gint64 now = nat_now();
    for (guint i = 0; i < MAX_TIMERS; i++) {
        if (!nat->timers[i].armed)
            continue;
        gint64 left = nat->timers[i].due_ms * NS_PER_MS - now;
        *wait = MIN(*wait, MAX(left, 0));
    }
}

static void
fire_timers(Nat *nat)
{
    gint64 now = nat_now() / NS_PER_MS;
    for (guint i = 0; i < MAX_TIMERS; i++) {
        Timer *timer = &nat->timers[i];
        if (!timer->armed || timer->due_ms > now)
            continue;
        timer->armed = FALSE;
        slirp_handle_timer(nat->slirp, timer->id, timer->argument);
    }
}

guint
nat_prepare(Nat *nat, struct pollfd *list, gboolean hold_back, gint64 *wait)
{
    uint32_t ms = UINT32_MAX;
    nat->list = list;
    nat->count = 0;
    nat->hold_back = hold_back;
    slirp_pollfds_fill(nat->slirp, &ms, on_add_poll, nat);
    if (ms < NO_REASON_MS)
        *wait = MIN(*wait, (gint64)ms * NS_PER_MS);
    wait_for_timers(nat, wait);
    return nat->count;
}

void
nat_handle(Nat *nat, const struct pollfd *list, guint count)
{
    nat->found = list;
    slirp_pollfds_poll(nat->slirp, 0, on_get_revents, nat);
    fire_timers(nat);
}

void
nat_settle(Nat *nat)
{
    slirp_pollfds_poll(nat->slirp, 1, on_get_revents, nat);
}
