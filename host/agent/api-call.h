/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "host/agent/host.h"

#include <jansson.h>

/* One call of a client, from its line to its answer. It is answered exactly once, which frees it;
 * when its client has gone meanwhile, the answer goes nowhere. */
typedef struct ApiCall ApiCall;

Host *api_call_host(ApiCall *call);
/* The client also hears of changes from now on. */
void api_call_watch(ApiCall *call);

/* Takes over result. fd: -1, or a descriptor to pass; it stays the caller's. */
void api_call_answer(ApiCall *call, json_t *result, int fd);
/* error stays the caller's. */
void api_call_fail(ApiCall *call, const GError *error);

/* The call's arguments. FALSE when one is missing, of the wrong type or too long: then the call was
 * answered with "invalid" and the field's name, and is gone. Strings are borrowed, and without
 * control characters. */
gboolean api_call_get_string(ApiCall *call, const char *name, gsize max_length, const char **value);
/* The same for one that may be left out (*value keeps what it had). */
gboolean api_call_get_optional_string(ApiCall *call, const char *name, gsize max_length,
                                      const char **value);
gboolean api_call_get_number(ApiCall *call, const char *name, guint *value);
/* The same for one that may be left out (*value keeps what it had). */
gboolean api_call_get_optional_number(ApiCall *call, const char *name, guint *value);
/* An array that may be left out (*value becomes NULL); borrowed. */
gboolean api_call_get_optional_array(ApiCall *call, const char *name, const json_t **value);
/* An object that may be left out (*value becomes NULL); borrowed. */
gboolean api_call_get_optional_object(ApiCall *call, const char *name, const json_t **value);
gboolean api_call_get_optional_bool(ApiCall *call, const char *name, gboolean *value);
/* A UUID, in lower case; the caller frees it. */
gboolean api_call_get_uuid(ApiCall *call, const char *name, char **value);

/* A function that carries out a call. It owns the call. */
typedef void (*ApiFunction)(ApiCall *call);
typedef struct {
    const char *name;
    ApiFunction function;
} ApiEntry;

/* Tables that end with a NULL name: one for each resource. */
extern const ApiEntry api_host_calls[];
extern const ApiEntry api_image_calls[];
extern const ApiEntry api_desktop_calls[];
extern const ApiEntry api_template_calls[];
extern const ApiEntry api_volume_calls[];

/* {"items":[…]} of a list's elements, and an image with its count of desktops. */
json_t *api_image_json(Host *host, const Image *image);
json_t *api_image_list_json(Host *host);
json_t *api_desktop_list_json(Host *host);
json_t *api_template_list_json(Host *host);
json_t *api_volume_json(Host *host, const Volume *volume);
json_t *api_volume_list_json(Host *host);
