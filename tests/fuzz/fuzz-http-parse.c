/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/http/http-parse.h"
#include "broker/http/router.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(Router) router = router_new();
    g_autoptr(GHashTable) params = NULL;
    g_autofree char *allow = NULL;
    gpointer target;
    guint64 length;

    g_free(http_parse_cookie(text, "__Host-oriel"));
    g_free(http_parse_list_prefixed(text, "oriel.ticket."));
    http_parse_content_length(text, &length);
    http_parse_media_type_is(text, "application/json");
    http_parse_list_has(text, "upgrade", TRUE);
    router_add(router, "GET", "/a/:b/c", router);
    router_add(router, "GET", "/a/*", router);
    router_add(router, "POST", "/a/:b", router);
    if (http_parse_path_ok((const char *)data, size))
        router_match(router, "GET", text, &target, &params, &allow);
    return 0;
}
