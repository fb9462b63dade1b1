/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "template.h"

#include "common/error.h"
#include "host/agent/desktop-record.h"
#include "host/agent/image.h"
#include "host/agent/record.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

const char *const template_files[TEMPLATE_FILES] = {"disk.qcow2", "memory", "state"};
static const char *const state_words[] = {"making", "ready", "failed", "stale"};

Template *
template_new(void)
{
    Template *template_ = g_new0(Template, 1);
    char **const strings[] = {
        &template_->name,   &template_->image,       &template_->generation,
        &template_->making, &template_->provider,    &template_->version,
        &template_->cpu,    &template_->accelerator, &template_->image_sha256};
    for (gsize i = 0; i < G_N_ELEMENTS(strings); i++)
        *strings[i] = g_strdup("");
    return template_;
}

void
template_free(Template *template_)
{
    if (template_ == NULL)
        return;
    g_free(template_->name);
    g_free(template_->image);
    g_free(template_->reason);
    g_free(template_->generation);
    g_free(template_->making);
    g_free(template_->provider);
    g_free(template_->version);
    g_free(template_->cpu);
    g_free(template_->accelerator);
    g_free(template_->image_sha256);
    g_free(template_);
}

json_t *
template_to_json(const Template *template_)
{
    json_t *json =
        json_pack("{s:s, s:s, s:s, s:s?, s:i, s:i, s:i, s:i, s:I}", "name", template_->name,
                  "image", template_->image, "state", state_words[template_->state], "reason",
                  template_->reason, "cpus", (int)template_->cpus, "memory_mib",
                  (int)template_->memory_mib, "width", (int)template_->width, "height",
                  (int)template_->height, "size_bytes", (json_int_t)template_->size_bytes);
    json_t *made_with = template_->generation[0] == '\0'
                            ? json_null()
                            : json_pack("{s:s, s:s, s:s, s:s}", "provider", template_->provider,
                                        "version", template_->version, "cpu", template_->cpu,
                                        "accelerator", template_->accelerator);
    json_object_set_new(json, "made_with", made_with);
    json_object_set_new(json, "created_at", record_time_to_json(template_->created_at));
    json_object_set_new(json, "made_at", record_time_to_json(template_->made_at));
    return json;
}

gboolean
template_save(const Template *template_, const char *folder, GError **error)
{
    json_t *json = template_to_json(template_);
    json_t *files = json_array();
    for (gsize i = 0; i < TEMPLATE_FILES; i++)
        json_array_append_new(files,
                              json_pack("{s:I, s:I}", "size", (json_int_t)template_->files[i].size,
                                        "changed_ns", (json_int_t)template_->files[i].changed_ns));
    json_object_set_new(json, "files", files);
    json_object_set_new(json, "generation", json_string(template_->generation));
    json_object_set_new(json, "making", json_string(template_->making));
    json_object_set_new(json, "image_sha256", json_string(template_->image_sha256));
    return record_save(json, folder, "template.json", error);
}

static guint
get_number(const json_t *json, const char *name)
{
    return (guint)CLAMP(json_integer_value(json_object_get(json, name)), 0, G_MAXINT);
}

static void
load_generation(Template *template_, const json_t *json)
{
    const json_t *made_with = json_object_get(json, "made_with");
    const json_t *files = json_object_get(json, "files");
    record_get_string(json, "generation", &template_->generation);
    record_get_string(json, "making", &template_->making);
    record_get_string(json, "image_sha256", &template_->image_sha256);
    record_get_string(made_with, "provider", &template_->provider);
    record_get_string(made_with, "version", &template_->version);
    record_get_string(made_with, "cpu", &template_->cpu);
    record_get_string(made_with, "accelerator", &template_->accelerator);
    for (gsize i = 0; i < TEMPLATE_FILES; i++) {
        const json_t *file = json_array_get(files, i);
        template_->files[i].size = json_integer_value(json_object_get(file, "size"));
        template_->files[i].changed_ns = json_integer_value(json_object_get(file, "changed_ns"));
    }
}

/* "" or a UUID: it becomes a folder's name. */
static gboolean
is_generation(const char *text)
{
    return text[0] == '\0' || g_uuid_string_is_valid(text);
}

Template *
template_load(const char *folder, const char *name)
{
    json_t *json = record_load(folder, "template.json");
    const char *state = json_string_value(json_object_get(json, "state"));
    g_autoptr(Template) template_ = template_new();
    record_get_string(json, "name", &template_->name);
    record_get_string(json, "image", &template_->image);
    record_get_string(json, "reason", &template_->reason);
    template_->cpus = get_number(json, "cpus");
    template_->memory_mib = get_number(json, "memory_mib");
    template_->width = get_number(json, "width");
    template_->height = get_number(json, "height");
    template_->size_bytes = (guint64)json_integer_value(json_object_get(json, "size_bytes"));
    template_->created_at = record_time_from_json(json_object_get(json, "created_at"));
    template_->made_at = record_time_from_json(json_object_get(json, "made_at"));
    load_generation(template_, json);
    int found = -1;
    for (int i = 0; i < (int)G_N_ELEMENTS(state_words); i++)
        if (g_strcmp0(state, state_words[i]) == 0)
            found = i;
    json_decref(json);
    if (found < 0 || !g_str_equal(template_->name, name) ||
        !image_name_is_valid(template_->image) || !is_generation(template_->generation) ||
        !is_generation(template_->making) ||
        !machine_shape_check(template_->cpus, template_->memory_mib, template_->width,
                             template_->height, NULL))
        return NULL;
    template_->state = (TemplateState)found;
    return g_steal_pointer(&template_);
}

gboolean
template_has_shape(const Template *template_, guint cpus, guint memory_mib, guint width,
                   guint height)
{
    return template_->cpus == cpus && template_->memory_mib == memory_mib &&
           template_->width == width && template_->height == height;
}

static void
replace(char **value, const char *with)
{
    g_free(*value);
    *value = g_strdup(with != NULL ? with : "");
}

void
template_set_origin(Template *template_, const ProviderFacts *facts, const char *image_sha256)
{
    replace(&template_->provider, facts->name);
    replace(&template_->version, facts->version);
    replace(&template_->cpu, facts->cpu);
    replace(&template_->accelerator, facts->accelerator);
    replace(&template_->image_sha256, image_sha256);
}

char *
template_misfit(const Template *template_, const ProviderFacts *facts, const char *image_sha256)
{
    const struct {
        const char *what, *then, *now;
    } parts[] = {{"provider", template_->provider, facts->name},
                 {"QEMU", template_->version, facts->version},
                 {"processor", template_->cpu, facts->cpu},
                 {"accelerator", template_->accelerator, facts->accelerator}};
    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
        if (!g_str_equal(parts[i].then, parts[i].now))
            return g_strdup_printf("It was made with another %s: %s then, %s now.", parts[i].what,
                                   parts[i].then, parts[i].now);
    if (g_strcmp0(template_->image_sha256, image_sha256) != 0)
        return g_strdup_printf("The image “%s” is another one now.", template_->image);
    return NULL;
}

static gboolean
look(const char *folder, gsize i, TemplateFile *file, guint64 *used, GError **error)
{
    g_autofree char *path = g_build_filename(folder, template_files[i], NULL);
    struct stat info;
    if (stat(path, &info) != 0) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED,
                    "The template's file “%s” cannot be read: %s.", template_files[i],
                    g_strerror(errno));
        return FALSE;
    }
    file->size = info.st_size;
    file->changed_ns = (gint64)info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec;
    *used += (guint64)info.st_blocks * 512;
    return TRUE;
}

gboolean
template_measure(Template *template_, const char *folder, GError **error)
{
    template_->size_bytes = 0;
    for (gsize i = 0; i < TEMPLATE_FILES; i++)
        if (!look(folder, i, &template_->files[i], &template_->size_bytes, error))
            return FALSE;
    return TRUE;
}

gboolean
template_verify(const Template *template_, const char *folder, GError **error)
{
    for (gsize i = 0; i < TEMPLATE_FILES; i++) {
        const TemplateFile *then = &template_->files[i];
        TemplateFile now;
        guint64 used = 0;
        if (!look(folder, i, &now, &used, error))
            return FALSE;
        if (now.size == then->size && now.changed_ns == then->changed_ns)
            continue;
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED,
                    "The template's file “%s” was changed since it was frozen.", template_files[i]);
        return FALSE;
    }
    return TRUE;
}
