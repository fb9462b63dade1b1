/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * Gives the guest of a clone an identity of its own, before anybody sees its screen: clock, host
 * name, machine and boot id, random seed, SSH host keys, MAC and DHCP lease. One program does it in
 * the guest: our image's own, which is in memory and waits at a port for this; else a shell script
 * that its agent starts, or that program by its agent. Main-context object.
 */
typedef struct GuestIdentity GuestIdentity;

/* error: a sentence that tells which step failed; ORIEL_ERROR_TIMEOUT when the guest stays silent.
 * Called once, from the main loop; the identity may be freed here. */
typedef void (*GuestIdentityDone)(const GError *error, gpointer user);

/* Holds the socket from here on, so that a guest which is restored after this finds somebody there.
 * socket_path: QEMU's chardev of the port org.oriel.identity.0 when waits, else of the agent's. id:
 * the desktop's UUID. NULL with ORIEL_ERROR_UNAVAILABLE. */
GuestIdentity *guest_identity_new(const char *socket_path, gboolean waits, const char *id,
                                  GuestIdentityDone done, gpointer user, GError **error);
/* Asks a guest whether its program waits at the port: done's error tells that none does. The
 * connection is held until this is freed. */
GuestIdentity *guest_identity_probe(const char *socket_path, GuestIdentityDone done, gpointer user,
                                    GError **error);
/* The guest runs: let it become somebody. */
void guest_identity_begin(GuestIdentity *identity);
/* NULL is fine. */
void guest_identity_free(GuestIdentity *identity);

/* The MAC address of a desktop's first network device: always the same for the same UUID. */
char *guest_identity_mac(const char *id);
/* What the guest's program reads: NAME=VALUE lines, with a fresh machine id, boot id and seed. */
char *guest_identity_text(const char *id, gint64 real_time_us);
