/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "common/known-brokers.h"
#include "common/uri.h"

#include <gio/gio.h>
#include <jansson.h>

/*
 * JSON calls to one broker over HTTPS. The certificate is judged by known_brokers_decide() for each
 * new connection.
 *
 * Belongs to the main context that was the thread's default when it was made. No proxies of the
 * environment, no redirects, no cookies. Answers are bounded (REST_CLIENT_MAX_ANSWER); a call has a
 * deadline of its own. Bearer tokens stay in memory.
 *
 * Errors are in ORIEL_ERROR: UNAUTHORIZED (401), REFUSED (403, or the certificate: see
 * rest_client_trust()), NOT_FOUND, INVALID, EXISTS (409), BUSY (429, 503 "busy"), UNAVAILABLE
 * (nobody there, 502, 503), TIMEOUT, PROTOCOL (no JSON, too large), FAILED; the message is the
 * problem's detail. G_IO_ERROR_CANCELLED when the caller cancelled.
 */

#define REST_CLIENT_MAX_ANSWER      (8 * 1024 * 1024)
#define REST_CLIENT_DEFAULT_TIMEOUT 30 /* seconds */

#define REST_TYPE_CLIENT (rest_client_get_type())
G_DECLARE_FINAL_TYPE(RestClient, rest_client, REST, CLIENT, GObject)

/* broker is copied; known is borrowed and must outlive the client. */
RestClient *rest_client_new(const OrielUri *broker, KnownBrokers *known);

const OrielUri *rest_client_broker(RestClient *client);

/* The bearer token of later calls; NULL for none. Copied; wiped when replaced. */
void rest_client_set_token(RestClient *client, const char *token);

/*
 * Asked when the broker's certificate is unknown, in the middle of a call; TRUE goes on (and is
 * remembered by the client until its end: the callback decides whether to
 * known_brokers_remember()). Without a callback, or on FALSE, the call fails with
 * ORIEL_ERROR_REFUSED and rest_client_trust() is BROKER_TRUST_UNKNOWN: show the certificate,
 * remember it, call again.
 */
typedef gboolean (*RestClientUnknown)(RestClient *client, GTlsCertificate *chain, gpointer user);
void rest_client_set_unknown(RestClient *client, RestClientUnknown unknown, gpointer user);

/* Trusts a certificate with exactly this fingerprint (any spelling) at first use, and remembers it.
 * FALSE when malformed. */
gboolean rest_client_accept_fingerprint(RestClient *client, const char *fingerprint);

/* What was decided for the newest connection, and the chain the broker showed there (NULL before;
 * owned by the client). */
BrokerTrust rest_client_trust(RestClient *client);
GTlsCertificate *rest_client_chain(RestClient *client);

/* The numeric address that the newest answer came from: a name may have several, and programs that
 * try only the first of them are helped by this one. NULL before the first answer, and where no
 * number says it (a link-local address). Owned by the client, until the next answer. */
const char *rest_client_peer(RestClient *client);

/*
 * Sends method ("GET", "POST", "PATCH", "DELETE") for path ("/api/v1/pools?limit=50"; the caller
 * escapes what it puts in) with body (borrowed, NULL for none). timeout_s is the deadline of the
 * whole call (0: REST_CLIENT_DEFAULT_TIMEOUT); give a long poll its wait and some more.
 */
void rest_client_call_async(RestClient *client, const char *method, const char *path, json_t *body,
                            guint timeout_s, GCancellable *cancellable, GAsyncReadyCallback done,
                            gpointer user);

/* The answer (caller owns; json_null() for an empty one) or NULL. status (may be NULL) gets the
 * HTTP status, also on an error; 0 when there was none. */
json_t *rest_client_call_finish(RestClient *client, GAsyncResult *result, guint *status,
                                GError **error);

/* The same, waiting: for programs without a main loop of their own. Runs the client's main context
 * meanwhile. */
json_t *rest_client_call(RestClient *client, const char *method, const char *path, json_t *body,
                         guint timeout_s, guint *status, GError **error);
