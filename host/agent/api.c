/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "api.h"

#include "common/acceptor.h"
#include "common/error.h"
#include "common/json-channel.h"
#include "host/agent/api-call.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_CLIENTS 64
/* Calls of one client that have no answer yet. */
#define MAX_CALLS       256
#define MAX_ID_LENGTH   128
#define MAX_PATH_LENGTH 4096

typedef struct {
    guint references;     /* the connection's own, and one for each call under way */
    Api *api;             /* NULL once the API is gone */
    JsonChannel *channel; /* NULL once the connection is gone */
    int farewell_fd; /* the connection once more, for the last words to one that broke the protocol
                      */
    gboolean watches;
    guint calls;
} Client;

struct ApiCall {
    Client *client;
    Host *host;
    json_t *id, *args;
};

struct Api {
    Host *host;
    Acceptor *acceptor;
    GList *clients;
};

static void
client_unref(Client *client)
{
    if (--client->references > 0)
        return;
    g_free(client);
}

static void
client_close(Client *client)
{
    g_clear_pointer(&client->channel, json_channel_free);
    if (client->farewell_fd >= 0)
        close(client->farewell_fd);
    client->farewell_fd = -1;
    if (client->api != NULL)
        client->api->clients = g_list_remove(client->api->clients, client);
    client->api = NULL;
    client_unref(client);
}

/* --- calls
 * ---------------------------------------------------------------------------------------------------
 */

Host *
api_call_host(ApiCall *call)
{
    return call->host;
}

void
api_call_watch(ApiCall *call)
{
    call->client->watches = TRUE;
}

static void
call_free(ApiCall *call)
{
    call->client->calls--;
    client_unref(call->client);
    json_decref(call->id);
    json_decref(call->args);
    g_free(call);
}

void
api_call_answer(ApiCall *call, json_t *result, int fd)
{
    if (call->client->channel != NULL)
        json_channel_answer(call->client->channel, call->id, result, fd);
    else
        json_decref(result);
    call_free(call);
}

void
api_call_fail(ApiCall *call, const GError *error)
{
    if (call->client->channel != NULL)
        json_channel_answer_error(call->client->channel, call->id, error);
    call_free(call);
}

static gboolean call_invalid(ApiCall *call, const char *format, ...) G_GNUC_PRINTF(2, 3);

static gboolean
call_invalid(ApiCall *call, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autoptr(GError) error =
        g_error_new_valist(ORIEL_ERROR, ORIEL_ERROR_INVALID, format, arguments);
    va_end(arguments);
    api_call_fail(call, error);
    return FALSE;
}

static gboolean
has_control_characters(const char *text)
{
    for (; *text != '\0'; text++)
        if (g_ascii_iscntrl(*text))
            return TRUE;
    return FALSE;
}

gboolean
api_call_get_optional_string(ApiCall *call, const char *name, gsize max_length, const char **value)
{
    json_t *json = json_object_get(call->args, name);
    if (json == NULL || json_is_null(json))
        return TRUE;
    if (!json_is_string(json))
        return call_invalid(call, "“%s” must be a string.", name);
    if (json_string_length(json) > max_length)
        return call_invalid(call, "“%s” is longer than %" G_GSIZE_FORMAT " bytes.", name,
                            max_length);
    if (strlen(json_string_value(json)) != json_string_length(json) ||
        has_control_characters(json_string_value(json)))
        return call_invalid(call, "“%s” holds control characters.", name);
    *value = json_string_value(json);
    return TRUE;
}

gboolean
api_call_get_string(ApiCall *call, const char *name, gsize max_length, const char **value)
{
    *value = NULL;
    if (!api_call_get_optional_string(call, name, max_length, value))
        return FALSE;
    return *value != NULL && **value != '\0' ? TRUE : call_invalid(call, "“%s” is missing.", name);
}

gboolean
api_call_get_number(ApiCall *call, const char *name, guint *value)
{
    if (json_object_get(call->args, name) == NULL)
        return call_invalid(call, "“%s” is missing.", name);
    return api_call_get_optional_number(call, name, value);
}

gboolean
api_call_get_optional_array(ApiCall *call, const char *name, const json_t **value)
{
    *value = json_object_get(call->args, name);
    if (json_is_null(*value))
        *value = NULL;
    return *value == NULL || json_is_array(*value)
               ? TRUE
               : call_invalid(call, "“%s” must be an array.", name);
}

gboolean
api_call_get_optional_object(ApiCall *call, const char *name, const json_t **value)
{
    *value = json_object_get(call->args, name);
    if (json_is_null(*value))
        *value = NULL;
    return *value == NULL || json_is_object(*value)
               ? TRUE
               : call_invalid(call, "“%s” must be an object.", name);
}

gboolean
api_call_get_optional_number(ApiCall *call, const char *name, guint *value)
{
    json_t *json = json_object_get(call->args, name);
    if (json == NULL)
        return TRUE;
    if (!json_is_integer(json) || json_integer_value(json) < 0 ||
        json_integer_value(json) > G_MAXINT)
        return call_invalid(call, "“%s” must be a whole number, not negative.", name);
    *value = (guint)json_integer_value(json);
    return TRUE;
}

gboolean
api_call_get_optional_bool(ApiCall *call, const char *name, gboolean *value)
{
    json_t *json = json_object_get(call->args, name);
    if (json == NULL || json_is_null(json))
        return TRUE;
    if (!json_is_boolean(json))
        return call_invalid(call, "“%s” must be true or false.", name);
    *value = json_is_true(json);
    return TRUE;
}

gboolean
api_call_get_uuid(ApiCall *call, const char *name, char **value)
{
    const char *text;
    if (!api_call_get_string(call, name, MAX_ID_LENGTH, &text))
        return FALSE;
    if (!g_uuid_string_is_valid(text))
        return call_invalid(call, "“%s” must be a UUID.", name);
    *value = g_ascii_strdown(text, -1);
    return TRUE;
}

static ApiFunction
find_function(const char *name)
{
    const ApiEntry *const tables[] = {api_host_calls, api_image_calls, api_desktop_calls,
                                      api_template_calls, api_volume_calls};
    for (gsize i = 0; i < G_N_ELEMENTS(tables); i++)
        for (const ApiEntry *entry = tables[i]; entry->name != NULL; entry++)
            if (g_str_equal(entry->name, name))
                return entry->function;
    return NULL;
}

static void
dispatch(Client *client, json_t *message)
{
    json_t *args = json_object_get(message, "args");
    json_t *id = json_object_get(message, "id");
    const char *name = json_string_value(json_object_get(message, "call"));
    ApiCall *call = g_new0(ApiCall, 1);
    call->client = client;
    call->host = client->api->host;
    call->id = json_incref(id);
    call->args = args != NULL ? json_incref(args) : json_object();
    client->references++;
    client->calls++;
    ApiFunction function = name != NULL ? find_function(name) : NULL;
    if (!json_is_string(id) || json_string_length(id) > MAX_ID_LENGTH)
        call_invalid(call, "“id” must be a string of at most %d bytes.", MAX_ID_LENGTH);
    else if (!json_is_object(call->args))
        call_invalid(call, "“args” must be an object.");
    else if (client->calls > MAX_CALLS)
        call_invalid(call, "There are too many calls without an answer on this connection.");
    else if (function == NULL)
        call_invalid(call, "There is no such call.");
    else
        function(call);
}

/* --- connections
 * --------------------------------------------------------------------------------------------- */

static void
on_message(JsonChannel *channel, json_t *message, const int *fds, guint n_fds, gpointer user)
{
    for (guint i = 0; i < n_fds; i++)
        close(fds[i]);
    dispatch(user, message);
}

/* Best effort: the channel has given up, so this goes past it. */
static void
say_farewell(Client *client, const GError *error)
{
    json_t *line = json_pack("{s:n, s:{s:s, s:s}}", "id", "error", "type", "invalid", "message",
                             error->message);
    g_autofree char *text = json_dumps(line, JSON_COMPACT);
    g_autofree char *with_end = g_strconcat(text, "\n", NULL);
    json_decref(line);
    if (send(client->farewell_fd, with_end, strlen(with_end), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        g_debug("A client that broke the protocol did not wait for the answer.");
}

static void
on_closed(JsonChannel *channel, const GError *error, gpointer user)
{
    Client *client = user;
    if (g_error_matches(error, ORIEL_ERROR, ORIEL_ERROR_PROTOCOL))
        say_farewell(client, error);
    if (error != NULL)
        g_message("A client of the API was disconnected: %s", error->message);
    client_close(client);
}

static const JsonChannelEvents channel_events = {.message = on_message, .closed = on_closed};

static void
on_accepted(int fd, gpointer user)
{
    Api *api = user;
    if (g_list_length(api->clients) >= MAX_CLIENTS) {
        g_warning("There are too many connections to the API; one is refused.");
        close(fd);
        return;
    }
    Client *client = g_new0(Client, 1);
    client->references = 1;
    client->api = api;
    client->farewell_fd = dup(fd);
    client->channel = json_channel_new(fd, &channel_events, client);
    api->clients = g_list_prepend(api->clients, client);
}

/* --- events
 * --------------------------------------------------------------------------------------------------
 */

/* Takes over event. */
static void
broadcast(Api *api, json_t *event)
{
    for (GList *at = api->clients; at != NULL; at = at->next) {
        Client *client = at->data;
        if (client->watches)
            json_channel_send(client->channel, json_incref(event), -1);
    }
    json_decref(event);
}

static void
on_image_changed(const Image *image, gpointer user)
{
    Api *api = user;
    broadcast(api, json_pack("{s:s, s:o}", "event", "image.changed", "image",
                             api_image_json(api->host, image)));
}

static void
on_image_deleted(const char *name, gpointer user)
{
    broadcast(user, json_pack("{s:s, s:s}", "event", "image.deleted", "name", name));
}

static void
on_desktop_changed(Desktop *desktop, gpointer user)
{
    broadcast(user, json_pack("{s:s, s:o}", "event", "desktop.changed", "desktop",
                              desktop_to_json(desktop)));
}

static void
on_desktop_deleted(const char *id, gpointer user)
{
    broadcast(user, json_pack("{s:s, s:s}", "event", "desktop.deleted", "id", id));
}

static void
on_template_changed(const char *name, gpointer user)
{
    Api *api = user;
    TemplateStore *templates = api->host->templates;
    const Template *template_ = template_store_find(templates, name, NULL);
    if (template_ != NULL)
        broadcast(api, json_pack("{s:s, s:o}", "event", "template.changed", "template",
                                 template_store_to_json(templates, template_)));
}

static void
on_template_deleted(const char *name, gpointer user)
{
    broadcast(user, json_pack("{s:s, s:s}", "event", "template.deleted", "name", name));
}

static const TemplateStoreEvents template_events = {.changed = on_template_changed,
                                                    .deleted = on_template_deleted};
static void
on_volume_changed(const char *id, gpointer user)
{
    Api *api = user;
    const Volume *volume = volume_store_find(api->host->volumes, id, NULL);
    if (volume != NULL)
        broadcast(api, json_pack("{s:s, s:o}", "event", "volume.changed", "volume",
                                 api_volume_json(api->host, volume)));
}

static void
on_volume_deleted(const char *id, gpointer user)
{
    broadcast(user, json_pack("{s:s, s:s}", "event", "volume.deleted", "id", id));
}

static const ImageStoreEvents image_events = {.changed = on_image_changed,
                                              .deleted = on_image_deleted};
static const InventoryEvents inventory_events = {.changed = on_desktop_changed,
                                                 .deleted = on_desktop_deleted,
                                                 .volume_changed = on_volume_changed,
                                                 .volume_deleted = on_volume_deleted};

Api *
api_new(Host *host, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(host->settings->socket);
    g_mkdir_with_parents(folder, 0755);
    int listener =
        oriel_listen_unix(host->settings->socket, 0660, host->settings->socket_group, error);
    if (listener < 0)
        return NULL;
    Api *api = g_new0(Api, 1);
    api->host = host;
    api->acceptor = acceptor_new(listener, "The API", on_accepted, api);
    image_store_set_events(host->images, &image_events, api);
    template_store_set_events(host->templates, &template_events, api);
    inventory_set_events(host->inventory, &inventory_events, api);
    return api;
}

void
api_free(Api *api)
{
    if (api == NULL)
        return;
    image_store_set_events(api->host->images, NULL, NULL);
    template_store_set_events(api->host->templates, NULL, NULL);
    inventory_set_events(api->host->inventory, NULL, NULL);
    while (api->clients != NULL)
        client_close(api->clients->data);
    acceptor_free(api->acceptor);
    unlink(api->host->settings->socket);
    g_free(api);
}
