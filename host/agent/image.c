/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image.h"

#include "host/agent/record.h"

#include <string.h>

static const char *const state_words[] = {"importing", "ready", "failed"};

Image *
image_new(const char *name)
{
    Image *image = g_new0(Image, 1);
    image->name = g_strdup(name);
    image->title = g_strdup(name);
    image->cmdline = g_strdup("");
    return image;
}

void
image_free(Image *image)
{
    if (image == NULL)
        return;
    g_free(image->name);
    g_free(image->title);
    g_free(image->reason);
    g_free(image->sha256);
    g_free(image->cmdline);
    g_free(image);
}

gboolean
image_name_is_valid(const char *name)
{
    return g_ascii_isalnum(name[0]) && strlen(name) <= 63 &&
           name[strspn(
               name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")] == '\0';
}

json_t *
image_to_json(const Image *image, guint desktops)
{
    json_t *json = json_pack(
        "{s:s, s:s, s:s, s:s?, s:i, s:I, s:I, s:s?, s:i}", "name", image->name, "title",
        image->title, "state", state_words[image->state], "reason", image->reason, "progress",
        (int)image->progress, "size_bytes", (json_int_t)image->size_bytes, "virtual_size_bytes",
        (json_int_t)image->virtual_size_bytes, "sha256", image->sha256, "desktops", (int)desktops);
    json_object_set_new(json, "created_at", record_time_to_json(image->created_at));
    return json;
}

gboolean
image_save(const Image *image, const char *folder, GError **error)
{
    json_t *json = image_to_json(image, 0);
    json_object_del(json, "desktops");
    json_object_set_new(json, "cmdline", json_string(image->cmdline));
    json_object_set_new(json, "direct_boot", json_boolean(image->direct_boot));
    return record_save(json, folder, "image.json", error);
}

Image *
image_load(const char *folder, const char *name)
{
    json_t *json = record_load(folder, "image.json");
    const char *state = json_string_value(json_object_get(json, "state"));
    if (state == NULL) {
        json_decref(json);
        return NULL;
    }
    Image *image = image_new(name);
    record_get_string(json, "title", &image->title);
    record_get_string(json, "cmdline", &image->cmdline);
    record_get_string(json, "reason", &image->reason);
    record_get_string(json, "sha256", &image->sha256);
    image->state = IMAGE_FAILED;
    for (gsize i = 0; i < G_N_ELEMENTS(state_words); i++)
        if (g_str_equal(state, state_words[i]))
            image->state = (ImageState)i;
    image->progress = (guint)CLAMP(json_integer_value(json_object_get(json, "progress")), 0, 100);
    image->size_bytes = (guint64)json_integer_value(json_object_get(json, "size_bytes"));
    image->virtual_size_bytes =
        (guint64)json_integer_value(json_object_get(json, "virtual_size_bytes"));
    image->direct_boot = json_is_true(json_object_get(json, "direct_boot"));
    image->created_at = record_time_from_json(json_object_get(json, "created_at"));
    json_decref(json);
    return image;
}
