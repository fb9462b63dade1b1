/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>
#include <jansson.h>

/*
 * The broker's view of one host: a JSON channel to its API socket, which is opened again by itself
 * (0.1 s, doubling to 2 s) for as long as the link lives, and what the host has reported since
 * `watch`: its desktops, images, templates, volumes and host.info. Main thread only.
 * host_link_free() answers the calls that are under way; nothing is called back after it.
 */

typedef struct HostLink HostLink;

/* What a host reports of. Desktops and volumes have ids, images and templates have names. */
typedef enum { HOST_DESKTOPS, HOST_IMAGES, HOST_TEMPLATES, HOST_VOLUMES, HOST_KINDS } HostKind;

typedef struct {
    /* The host is there, or there again: what it reports is complete now. */
    void (*up)(HostLink *link, gpointer user);
    void (*down)(HostLink *link, gpointer user);
    /* desktop is borrowed and has a string "id" and a string "state"; everything else in it is
     * unchecked. */
    void (*desktop_changed)(HostLink *link, const json_t *desktop, gpointer user);
    void (*desktop_deleted)(HostLink *link, const char *id, gpointer user);
    /* An image, a template or a volume changed, came or went. */
    void (*item_changed)(HostLink *link, HostKind kind, const char *key, gpointer user);
} HostLinkEvents;

/* path: the host's Unix socket. events may be NULL. The first attempt is made from the main loop.
 */
HostLink *host_link_new(const char *name, const char *path, const HostLinkEvents *events,
                        gpointer user);
void host_link_free(HostLink *link);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostLink, host_link_free)

const char *host_link_name(HostLink *link);
gboolean host_link_is_up(HostLink *link);
/* Why it is down, a sentence; NULL while it is up. */
const char *host_link_problem(HostLink *link);

/* What the host last reported, borrowed until the main loop runs again; NULL when it did not report
 * it, or is down. The lists are objects by id or name, never NULL. */
const json_t *host_link_info(HostLink *link);
const json_t *host_link_items(HostLink *link, HostKind kind);
const json_t *host_link_item(HostLink *link, HostKind kind, const char *key);
/* Short words for the same. */
const json_t *host_link_desktop(HostLink *link, const char *id);
const json_t *host_link_desktops(HostLink *link);
const json_t *host_link_image(HostLink *link, const char *name);
const json_t *host_link_images(HostLink *link);
/* Whether it knows templates: an older host does not. */
gboolean host_link_can_clone(HostLink *link);

/* result is borrowed; NULL with error set. Errors: those of the host's API, ORIEL_ERROR_UNAVAILABLE
 * when it is not there. */
typedef void (*HostLinkDone)(const json_t *result, const GError *error, gpointer user);

/* Calls the host (takes over args). done is called exactly once and never from inside this
 * function (but from inside host_link_free()); it may be NULL. */
void host_link_call(HostLink *link, const char *call, json_t *args, HostLinkDone done,
                    gpointer user);

/* fd is the callee's, a connected stream socket to the desktop's display; -1 with error set. */
typedef void (*HostLinkOpened)(int fd, const GError *error, gpointer user);

/* Opens a desktop's display; protocol is "vnc" or "spice". opened is called exactly once, never
 * from inside this function. */
void host_link_open(HostLink *link, const char *desktop, const char *protocol,
                    HostLinkOpened opened, gpointer user);
