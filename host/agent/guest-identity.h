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
/* It is itself, and its user's home is next. */
typedef void (*GuestIdentityNamed)(gpointer user);

/* Holds the socket from here on, so that a guest which is restored after this finds somebody there.
 * socket_path: QEMU's chardev of the port org.oriel.identity.0 when waits, else of the agent's. id:
 * the desktop's UUID. NULL with ORIEL_ERROR_UNAVAILABLE. */
GuestIdentity *guest_identity_new(const char *socket_path, gboolean waits, const char *id,
                                  GuestIdentityDone done, gpointer user, GError **error);
/* Asks a guest whether its program waits at the port: done's error tells that none does. The
 * connection is held until this is freed. */
GuestIdentity *guest_identity_probe(const char *socket_path, GuestIdentityDone done, gpointer user,
                                    GError **error);
/* What a probe has found, when it is done: the program gives homes, too. */
gboolean guest_identity_gives_home(const GuestIdentity *identity);
/* Before it begins, to one whose program gives homes: puts the user's home on the volume as well,
 * and the session into it. done comes when that is through, named (from the main loop) before. */
void guest_identity_ask_home(GuestIdentity *identity, GuestIdentityNamed named);
/* The guest runs: let it become somebody. */
void guest_identity_begin(GuestIdentity *identity);
/* NULL is fine. */
void guest_identity_free(GuestIdentity *identity);

/* The MAC address of a desktop's first network device: always the same for the same UUID. */
char *guest_identity_mac(const char *id);
/* What the guest's program reads: NAME=VALUE lines, with a fresh machine id, boot id and seed. */
char *guest_identity_text(const char *id, gint64 real_time_us);
