/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "common/uri.h"

#include <gio/gio.h>

/*
 * The brokers this user trusts, and why: a key file (0600, replaced atomically) with, for each
 * address, the PEM of the authority that signed the broker's certificate at first use, and that
 * certificate's fingerprint.
 *
 * Not thread-safe. Every change is written at once and starts from the file as it is then, so that
 * two programs of one user do not overwrite each other.
 */

typedef enum {
    BROKER_TRUST_UNKNOWN, /* never seen, and the system's authorities do not vouch for it: ask the
                             person */
    BROKER_TRUST_TRUSTED,
    BROKER_TRUST_REFUSED, /* not the remembered authority, another name, or out of date: never go on
                           */
} BrokerTrust;

typedef struct KnownBrokers KnownBrokers;

/* The store in path; NULL: $XDG_CONFIG_HOME/oriel/known-brokers. A file that is not there is empty;
 * one that cannot be read makes every decision BROKER_TRUST_REFUSED with the reason, so a damaged
 * file never turns into "first use". */
KnownBrokers *known_brokers_new(const char *path);
void known_brokers_free(KnownBrokers *known);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KnownBrokers, known_brokers_free)

/*
 * May one talk to the broker that showed this chain?
 * TRUSTED: the remembered leaf itself; a leaf (also a renewed one) that chains to the remembered
 * authority and names the host; or, where nothing is remembered, one that the system's authorities
 * vouch for. why (may be NULL) gets a sentence or two for the person when the answer is REFUSED,
 * with both fingerprints; free with g_free().
 */
BrokerTrust known_brokers_decide(KnownBrokers *known, const OrielUri *broker,
                                 GTlsCertificate *chain, char **why);

/* Remembers the chain's authority and leaf for this address, in place of what was there. */
gboolean known_brokers_remember(KnownBrokers *known, const OrielUri *broker, GTlsCertificate *chain,
                                GError **error);
