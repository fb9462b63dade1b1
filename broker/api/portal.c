/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The portal's files, from the GResource folder /oriel/web. */
#include <string.h>

#include "broker/api/api.h"
#include "broker/api/authority-name.h"
#include "broker/http/http.h"

#define FOLDER "/oriel/web"

typedef struct {
    const char *suffix;
    const char *type;
} ContentType;

/* What the portal is made of; anything else would be sent as bytes that no browser runs. */
static const ContentType types[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".json", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".woff2", "font/woff2"},
    {".txt", "text/plain; charset=utf-8"},
};

static const char *
content_type(const char *path)
{
    for (guint i = 0; i < G_N_ELEMENTS(types); i++)
        if (g_str_has_suffix(path, types[i].suffix))
            return types[i].type;
    return "application/octet-stream";
}

/* No script, style or frame but our own; noVNC draws with data: and blob: pictures and connects to
 * this broker. */
static void
add_policy(HttpRequest *request, const Api *api)
{
    g_autofree char *name = authority_name_of(request, api->public_name, api->port);
    g_autofree char *policy =
        g_strdup_printf("default-src 'self'; connect-src 'self' wss://%s;"
                        " img-src 'self' data: blob:; object-src 'none'; base-uri 'none';"
                        " form-action 'self'; frame-ancestors 'none'",
                        name);

    http_request_add_header(request, "Content-Security-Policy", policy);
    http_request_add_header(request, "X-Content-Type-Options", "nosniff");
    http_request_add_header(request, "Referrer-Policy", "no-referrer");
    http_request_add_header(request, "Cross-Origin-Opener-Policy", "same-origin");
    http_request_add_header(request, "Cross-Origin-Resource-Policy", "same-origin");
}

static void
get_file(HttpRequest *request, gpointer data)
{
    Api *api = data;
    const char *path = http_request_path(request);
    g_autofree char *name =
        g_strconcat(FOLDER, g_str_equal(path, "/") ? "/index.html" : path, NULL);
    g_autoptr(GBytes) body = strstr(path, "..") ? NULL : g_resources_lookup_data(name, 0, NULL);

    if (!body) {
        http_request_respond_problem(request, 404, "not-found", "There is nothing here.");
        return;
    }
    g_autofree char *sum = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, body);
    g_autofree char *tag = g_strdup_printf("\"%.32s\"", sum);
    add_policy(request, api);
    http_request_add_header(request, "Cache-Control", "no-cache");
    http_request_add_header(request, "ETag", tag);
    if (g_strcmp0(http_request_header(request, "if-none-match"), tag) == 0)
        http_request_respond_empty(request, 304);
    else
        http_request_respond(request, 200, content_type(name), body);
}

void
api_register_portal(Api *api)
{
    http_server_route(api->server, "GET", "/", get_file, api);
    http_server_route(api->server, "GET", "/*", get_file, api);
}
