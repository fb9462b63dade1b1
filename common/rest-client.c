/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/rest-client.h"

#include "oriel-config.h"

#include "common/error.h"
#include "common/rest-answer.h"
#include "common/tls.h"

#include <glib/gi18n-lib.h>
#include <libsoup/soup.h>
#include <string.h>

#define READ_SIZE 65536

struct _RestClient {
    GObject parent;
    SoupSession *session;
    OrielUri *broker;
    KnownBrokers *known; /* borrowed */
    char *token;
    RestClientUnknown unknown;
    gpointer unknown_user;
    char *accept_once; /* fingerprint trusted at first use */
    char *accepted;    /* fingerprint that the callback let through */
    BrokerTrust trust;
    GTlsCertificate *chain;
    char *refusal; /* why, for the newest connection */
    char *peer;
};

G_DEFINE_FINAL_TYPE(RestClient, rest_client, G_TYPE_OBJECT)

/* One call under way: the data of its task. */
typedef struct {
    SoupMessage *message;
    GCancellable *inner; /* stops the transfer: the caller's wish or the deadline */
    GCancellable *outer;
    gulong outer_handler;
    GSource *deadline;
    gboolean timed_out;
    GInputStream *stream;
    GByteArray *answer;
    guint status;
} RestCall;

static void
wipe_token(RestClient *client)
{
    if (client->token)
        explicit_bzero(client->token, strlen(client->token));
    g_clear_pointer(&client->token, g_free);
}

static void
rest_client_finalize(GObject *object)
{
    RestClient *client = REST_CLIENT(object);
    wipe_token(client);
    g_clear_object(&client->session);
    g_clear_object(&client->chain);
    oriel_uri_free(client->broker);
    g_free(client->accept_once);
    g_free(client->accepted);
    g_free(client->refusal);
    g_free(client->peer);
    G_OBJECT_CLASS(rest_client_parent_class)->finalize(object);
}

static void
rest_client_class_init(RestClientClass *class)
{
    G_OBJECT_CLASS(class)->finalize = rest_client_finalize;
}

static void
rest_client_init(RestClient *client)
{
    client->session = soup_session_new_with_options("user-agent", "Oriel/" ORIEL_VERSION,
                                                    "max-conns-per-host", 6, NULL);
    /* No database: each certificate comes to our own decision. No resolver: proxies of the
     * environment stay out. */
    soup_session_set_tls_database(client->session, NULL);
    soup_session_set_proxy_resolver(client->session, NULL);
    /* Deadlines are each call's own: a long poll is silent for long. */
    soup_session_set_timeout(client->session, 0);
    soup_session_set_idle_timeout(client->session, 20);
}

RestClient *
rest_client_new(const OrielUri *broker, KnownBrokers *known)
{
    RestClient *client = g_object_new(REST_TYPE_CLIENT, NULL);
    client->broker = oriel_uri_copy(broker);
    client->known = known;
    return client;
}

const OrielUri *
rest_client_broker(RestClient *client)
{
    return client->broker;
}

void
rest_client_set_token(RestClient *client, const char *token)
{
    char *copy = g_strdup(token);
    wipe_token(client);
    client->token = copy;
}

void
rest_client_set_unknown(RestClient *client, RestClientUnknown unknown, gpointer user)
{
    client->unknown = unknown;
    client->unknown_user = user;
}

gboolean
rest_client_accept_fingerprint(RestClient *client, const char *fingerprint)
{
    g_free(client->accept_once);
    client->accept_once = tls_fingerprint_normalise(fingerprint);
    return client->accept_once != NULL;
}

BrokerTrust
rest_client_trust(RestClient *client)
{
    return client->trust;
}

GTlsCertificate *
rest_client_chain(RestClient *client)
{
    return client->chain;
}

const char *
rest_client_peer(RestClient *client)
{
    return client->peer;
}

static void
keep_peer(RestClient *client, SoupMessage *message)
{
    GSocketAddress *address = soup_message_get_remote_address(message);
    GInetAddress *inet = G_IS_INET_SOCKET_ADDRESS(address)
                             ? g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(address))
                             : NULL;

    g_clear_pointer(&client->peer, g_free);
    /* a link-local address is one on an interface, which the number alone does not name */
    if (inet && !g_inet_address_get_is_link_local(inet))
        client->peer = g_inet_address_to_string(inet);
}

/* An unknown certificate may have been named beforehand, or let through by a person. */
static gboolean
accept_unknown(RestClient *client, GTlsCertificate *chain)
{
    g_autofree char *shown = tls_fingerprint(chain);
    if (client->accept_once) {
        if (strcmp(client->accept_once, shown) != 0) {
            client->trust = BROKER_TRUST_REFUSED;
            client->refusal = g_strdup_printf(
                _("The certificate of %s is not the expected one.\nExpected: %s\nShown now: %s"),
                oriel_uri_display(client->broker), client->accept_once, shown);
            return FALSE;
        }
        g_autoptr(GError) error = NULL;
        if (!known_brokers_remember(client->known, client->broker, chain, &error))
            g_message("%s", error->message);
        return TRUE;
    }
    if (client->accepted && strcmp(client->accepted, shown) == 0)
        return TRUE;
    if (!client->unknown || !client->unknown(client, chain, client->unknown_user))
        return FALSE;
    g_free(client->accepted);
    client->accepted = g_steal_pointer(&shown);
    return TRUE;
}

static gboolean
accept_certificate(SoupMessage *message, GTlsCertificate *chain, GTlsCertificateFlags flags,
                   gpointer user)
{
    RestClient *client = user;
    g_set_object(&client->chain, chain);
    g_clear_pointer(&client->refusal, g_free);
    client->trust = known_brokers_decide(client->known, client->broker, chain, &client->refusal);
    if (client->trust == BROKER_TRUST_UNKNOWN && accept_unknown(client, chain))
        client->trust = BROKER_TRUST_TRUSTED;
    if (client->trust == BROKER_TRUST_UNKNOWN) {
        g_autofree char *shown = tls_fingerprint(chain);
        client->refusal =
            g_strdup_printf(_("The certificate of %s is not known on this computer yet.\n"
                              "Fingerprint: %s"),
                            oriel_uri_display(client->broker), shown);
    }
    return client->trust == BROKER_TRUST_TRUSTED;
}

static void
rest_call_free(gpointer data)
{
    RestCall *call = data;
    if (call->outer)
        g_cancellable_disconnect(call->outer, call->outer_handler);
    if (call->deadline) {
        g_source_destroy(call->deadline);
        g_source_unref(call->deadline);
    }
    g_clear_object(&call->outer);
    g_clear_object(&call->inner);
    g_clear_object(&call->stream);
    g_clear_object(&call->message);
    g_byte_array_unref(call->answer);
    g_free(call);
}

static gboolean
on_deadline(gpointer user)
{
    RestCall *call = user;
    call->timed_out = TRUE;
    g_cancellable_cancel(call->inner);
    return G_SOURCE_REMOVE;
}

static void
on_outer_cancelled(GCancellable *outer, gpointer user)
{
    g_cancellable_cancel(user);
}

/* Ends the task with the transfer's error, in words. Takes over the reference to task and the
 * error. */
static void
fail(GTask *task, GError *problem)
{
    RestClient *client = g_task_get_source_object(task);
    RestCall *call = g_task_get_task_data(task);
    g_autoptr(GError) owned = problem;

    if (call->timed_out)
        g_task_return_new_error(task, ORIEL_ERROR, ORIEL_ERROR_TIMEOUT,
                                _("%s did not answer in time."), oriel_uri_display(client->broker));
    else if (g_error_matches(problem, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        g_task_return_error(task, g_steal_pointer(&owned));
    else if (problem->domain == G_TLS_ERROR && client->refusal)
        g_task_return_new_error(task, ORIEL_ERROR, ORIEL_ERROR_REFUSED, "%s", client->refusal);
    else
        g_task_return_error(task, rest_answer_transport_error(client->broker, problem));
    g_object_unref(task);
}

static void
finish(GTask *task)
{
    RestClient *client = g_task_get_source_object(task);
    RestCall *call = g_task_get_task_data(task);
    GError *error = NULL;
    json_t *json = rest_answer_parse(client->broker, call->status, (const char *)call->answer->data,
                                     call->answer->len, &error);
    if (json)
        g_task_return_pointer(task, json, (GDestroyNotify)json_decref);
    else
        g_task_return_error(task, error);
    g_object_unref(task);
}

static void
on_read(GObject *source, GAsyncResult *result, gpointer user)
{
    GTask *task = user;
    RestClient *client = g_task_get_source_object(task);
    RestCall *call = g_task_get_task_data(task);
    GError *error = NULL;
    g_autoptr(GBytes) bytes =
        g_input_stream_read_bytes_finish(G_INPUT_STREAM(source), result, &error);

    if (!bytes) {
        fail(task, error);
        return;
    }
    gsize size = g_bytes_get_size(bytes);
    if (size == 0) {
        finish(task);
        return;
    }
    if (size > REST_CLIENT_MAX_ANSWER - call->answer->len) {
        g_task_return_new_error(task, ORIEL_ERROR, ORIEL_ERROR_PROTOCOL,
                                _("The answer of %s is too large."),
                                oriel_uri_display(client->broker));
        g_object_unref(task);
        return;
    }
    g_byte_array_append(call->answer, g_bytes_get_data(bytes, NULL), (guint)size);
    g_input_stream_read_bytes_async(call->stream, READ_SIZE, G_PRIORITY_DEFAULT, call->inner,
                                    on_read, task);
}

static void
on_headers(GObject *source, GAsyncResult *result, gpointer user)
{
    GTask *task = user;
    RestClient *client = g_task_get_source_object(task);
    RestCall *call = g_task_get_task_data(task);
    GError *error = NULL;
    call->stream = soup_session_send_finish(SOUP_SESSION(source), result, &error);
    if (!call->stream) {
        fail(task, error);
        return;
    }
    call->status = soup_message_get_status(call->message);
    keep_peer(client, call->message);
    g_input_stream_read_bytes_async(call->stream, READ_SIZE, G_PRIORITY_DEFAULT, call->inner,
                                    on_read, task);
}

static SoupMessage *
new_message(RestClient *client, const char *method, const char *path, json_t *body)
{
    g_autofree char *url = g_strconcat("https://", oriel_uri_address(client->broker), path, NULL);
    SoupMessage *message = soup_message_new(method, url);
    if (!message)
        return NULL;
    SoupMessageHeaders *headers = soup_message_get_request_headers(message);
    soup_message_add_flags(message, SOUP_MESSAGE_NO_REDIRECT);
    soup_message_headers_append(headers, "Accept", "application/json, application/problem+json");
    if (client->token) {
        g_autofree char *value = g_strconcat("Bearer ", client->token, NULL);
        soup_message_headers_append(headers, "Authorization", value);
        explicit_bzero(value, strlen(value));
    }
    if (body) {
        char *text = json_dumps(body, JSON_COMPACT | JSON_ENCODE_ANY);
        g_autoptr(GBytes) bytes =
            g_bytes_new_with_free_func(text, text ? strlen(text) : 0, free, text);
        soup_message_set_request_body_from_bytes(message, "application/json", bytes);
    }
    g_signal_connect_object(message, "accept-certificate", G_CALLBACK(accept_certificate), client,
                            0);
    return message;
}

static RestCall *
rest_call_new(SoupMessage *message, guint timeout_s, GCancellable *cancellable)
{
    RestCall *call = g_new0(RestCall, 1);
    call->message = message;
    call->answer = g_byte_array_new();
    call->inner = g_cancellable_new();
    if (cancellable) {
        call->outer = g_object_ref(cancellable);
        call->outer_handler = g_cancellable_connect(cancellable, G_CALLBACK(on_outer_cancelled),
                                                    g_object_ref(call->inner), g_object_unref);
    }
    call->deadline =
        g_timeout_source_new_seconds(timeout_s ? timeout_s : REST_CLIENT_DEFAULT_TIMEOUT);
    g_source_set_callback(call->deadline, on_deadline, call, NULL);
    g_source_attach(call->deadline, g_main_context_get_thread_default());
    return call;
}

void
rest_client_call_async(RestClient *client, const char *method, const char *path, json_t *body,
                       guint timeout_s, GCancellable *cancellable, GAsyncReadyCallback done,
                       gpointer user)
{
    /* The task does not watch the cancellable: the transfer does, and its end is what is reported.
     */
    GTask *task = g_task_new(client, NULL, done, user);
    SoupMessage *message = new_message(client, method, path, body);
    if (!message) {
        g_task_return_new_error(task, ORIEL_ERROR, ORIEL_ERROR_INVALID,
                                _("The address of the call is not valid."));
        g_object_unref(task);
        return;
    }
    RestCall *call = rest_call_new(message, timeout_s, cancellable);
    g_task_set_task_data(task, call, rest_call_free);
    soup_session_send_async(client->session, message, G_PRIORITY_DEFAULT, call->inner, on_headers,
                            task);
}

json_t *
rest_client_call_finish(RestClient *client, GAsyncResult *result, guint *status, GError **error)
{
    RestCall *call = g_task_get_task_data(G_TASK(result));
    if (status)
        *status = call ? call->status : 0;
    return g_task_propagate_pointer(G_TASK(result), error);
}

static void
keep_result(GObject *source, GAsyncResult *result, gpointer user)
{
    *(GAsyncResult **)user = g_object_ref(result);
}

json_t *
rest_client_call(RestClient *client, const char *method, const char *path, json_t *body,
                 guint timeout_s, guint *status, GError **error)
{
    g_autoptr(GAsyncResult) result = NULL;
    rest_client_call_async(client, method, path, body, timeout_s, NULL, keep_result, &result);
    while (!result)
        g_main_context_iteration(g_main_context_get_thread_default(), TRUE);
    return rest_client_call_finish(client, result, status, error);
}
