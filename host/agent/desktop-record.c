/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "desktop-record.h"

#include "common/error.h"
#include "host/agent/image.h"
#include "host/agent/record.h"
#include "host/agent/remote.h"
#include "host/agent/volume-store.h"

#include <string.h>

#define MAX_CPUS       256
#define MIN_MEMORY_MIB 64
#define MAX_MEMORY_MIB (4 * 1024 * 1024)
#define MIN_WIDTH      320
#define MIN_HEIGHT     200
#define MAX_SIDE       8192

static const char *const state_words[] = {"starting", "ready",   "suspending", "suspended",
                                          "stopping", "stopped", "failed"};
static const char *const step_words[] = {"disk", "machine", "boot", "desktop", "ready"};
static const char *const origin_words[] = {"cold", "clone", "resume"};

DesktopRecord *
desktop_record_new(void)
{
    DesktopRecord *record = g_new0(DesktopRecord, 1);
    record->id = g_strdup("");
    record->name = g_strdup("");
    record->image = g_strdup("");
    record->vnc = g_strdup("");
    record->template_name = g_strdup("");
    record->generation = g_strdup("");
    record->accelerator = g_strdup("");
    record->saved_with = g_strdup("");
    record->notes = json_array();
    record->volumes = g_new0(char *, 1);
    return record;
}

void
desktop_record_free(DesktopRecord *record)
{
    if (record == NULL)
        return;
    g_free(record->id);
    g_free(record->name);
    g_free(record->image);
    g_free(record->vnc);
    g_free(record->vnc_password);
    g_free(record->reason);
    g_free(record->template_name);
    g_free(record->generation);
    g_free(record->accelerator);
    g_free(record->saved_with);
    json_decref(record->notes);
    g_strfreev(record->volumes);
    g_free(record);
}

const char *
desktop_state_word(DesktopState state)
{
    return state_words[state];
}

void
desktop_record_note(DesktopRecord *record, const char *text)
{
    json_t *note = json_pack("{s:o, s:s}", "at",
                             record_time_to_json(g_get_real_time() / G_USEC_PER_SEC), "text", text);
    if (note != NULL)
        json_array_append_new(record->notes, note);
    while (json_array_size(record->notes) > DESKTOP_MAX_NOTES)
        json_array_remove(record->notes, 0);
}

json_t *
desktop_record_to_json(const DesktopRecord *record)
{
    json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s?, s:s, s:i, s:i, s:i, s:i}", "id",
                             record->id, "name", record->name, "image", record->image, "state",
                             state_words[record->state], "step", step_words[record->step], "reason",
                             record->reason, "accelerator", record->accelerator, "cpus",
                             (int)record->cpus, "memory_mib", (int)record->memory_mib, "width",
                             (int)record->width, "height", (int)record->height);
    json_object_set_new(json, "created_at", record_time_to_json(record->created_at));
    json_object_set_new(json, "started_at", record_time_to_json(record->started_at));
    json_object_set_new(json, "template",
                        record->template_name[0] != '\0' ? json_string(record->template_name)
                                                         : json_null());
    json_object_set_new(json, "origin", json_string(origin_words[record->origin]));
    json_object_set_new(json, "vnc",
                        record->vnc[0] != '\0' ? json_string(record->vnc) : json_null());
    json_object_set_new(json, "limits", machine_limits_to_json(&record->limits));
    json_t *volumes = json_array();
    for (char **id = record->volumes; *id != NULL; id++)
        json_array_append_new(volumes, json_string(*id));
    json_object_set_new(json, "volumes", volumes);
    json_object_set_new(json, "notes", json_deep_copy(record->notes));
    return json;
}

gboolean
desktop_record_save(const DesktopRecord *record, const char *folder, GError **error)
{
    json_t *json = desktop_record_to_json(record);
    json_object_set_new(json, "deleting", json_boolean(record->deleting));
    json_object_set_new(json, "settled", json_boolean(record->settled));
    json_object_set_new(json, "returns_memory", json_boolean(record->returns_memory));
    json_object_set_new(json, "generation", json_string(record->generation));
    json_object_set_new(json, "saved_with", json_string(record->saved_with));
    return record_save(json, folder, "desktop.json", error);
}

/* The place of a word in words, or -1. */
static int
word_index(const json_t *json, const char *name, const char *const *words, int count)
{
    const char *word = json_string_value(json_object_get(json, name));
    for (int i = 0; word != NULL && i < count; i++)
        if (g_str_equal(word, words[i]))
            return i;
    return -1;
}

static guint
get_number(const json_t *json, const char *name)
{
    return (guint)CLAMP(json_integer_value(json_object_get(json, name)), 0, G_MAXINT);
}

static void
load_volumes(DesktopRecord *record, const json_t *json)
{
    g_autoptr(GStrvBuilder) ids = g_strv_builder_new();
    for (gsize i = 0; i < MIN(json_array_size(json), MAX_VOLUMES); i++) {
        const char *id = json_string_value(json_array_get(json, i));
        if (id != NULL && g_uuid_string_is_valid(id))
            g_strv_builder_add(ids, id);
    }
    g_strfreev(record->volumes);
    record->volumes = g_strv_builder_end(ids);
}

/* What records of earlier versions do not have. */
static void
load_origin(DesktopRecord *record, const json_t *json)
{
    int origin = word_index(json, "origin", origin_words, G_N_ELEMENTS(origin_words));
    const json_t *settled = json_object_get(json, "settled");
    const json_t *notes = json_object_get(json, "notes");
    record->origin = origin < 0 ? START_COLD : (MachineOrigin)origin;
    record->settled = settled == NULL || json_is_true(settled);
    record_get_string(json, "template", &record->template_name);
    record_get_string(json, "vnc", &record->vnc);
    record_get_string(json, "generation", &record->generation);
    record_get_string(json, "saved_with", &record->saved_with);
    load_volumes(record, json_object_get(json, "volumes"));
    machine_limits_from_json(&record->limits, json_object_get(json, "limits"), NULL);
    for (gsize i = 0; i < MIN(json_array_size(notes), DESKTOP_MAX_NOTES); i++)
        json_array_append(record->notes, json_array_get(notes, i));
}

/* A folder's name, or nothing. */
static gboolean
is_name_or_empty(const char *name)
{
    return name[0] == '\0' || image_name_is_valid(name);
}

DesktopRecord *
desktop_record_load(const char *folder, const char *id)
{
    json_t *json = record_load(folder, "desktop.json");
    g_autoptr(DesktopRecord) record = desktop_record_new();
    int state = word_index(json, "state", state_words, G_N_ELEMENTS(state_words));
    int step = word_index(json, "step", step_words, G_N_ELEMENTS(step_words));
    record_get_string(json, "id", &record->id);
    record_get_string(json, "name", &record->name);
    record_get_string(json, "image", &record->image);
    record_get_string(json, "reason", &record->reason);
    record_get_string(json, "accelerator", &record->accelerator);
    record->cpus = get_number(json, "cpus");
    record->memory_mib = get_number(json, "memory_mib");
    record->width = get_number(json, "width");
    record->height = get_number(json, "height");
    record->created_at = record_time_from_json(json_object_get(json, "created_at"));
    record->started_at = record_time_from_json(json_object_get(json, "started_at"));
    record->deleting = json_is_true(json_object_get(json, "deleting"));
    record->returns_memory = json_is_true(json_object_get(json, "returns_memory"));
    load_origin(record, json);
    json_decref(json);
    if (state < 0 || step < 0 || !g_str_equal(record->id, id) ||
        !desktop_record_check(record, NULL))
        return NULL;
    record->state = (DesktopState)state;
    record->step = (DesktopStep)step;
    return g_steal_pointer(&record);
}

static gboolean
check_range(const char *field, guint value, guint minimum, guint maximum, GError **error)
{
    if (value >= minimum && value <= maximum)
        return TRUE;
    g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID, "“%s” must be from %u to %u.", field,
                minimum, maximum);
    return FALSE;
}

gboolean
machine_shape_check(guint cpus, guint memory_mib, guint width, guint height, GError **error)
{
    return check_range("cpus", cpus, 1, MAX_CPUS, error) &&
           check_range("memory_mib", memory_mib, MIN_MEMORY_MIB, MAX_MEMORY_MIB, error) &&
           check_range("width", width, MIN_WIDTH, MAX_SIDE, error) &&
           check_range("height", height, MIN_HEIGHT, MAX_SIDE, error);
}

/* Of one that runs elsewhere nothing but its address counts. */
static gboolean
check_remote(const DesktopRecord *record, GError **error)
{
    if (remote_address_is_valid(record->vnc) && record->image[0] == '\0' &&
        record->template_name[0] == '\0' && record->volumes[0] == NULL)
        return TRUE;
    g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_INVALID,
                        "“machine” must have “vnc”, HOST:PORT, and goes with no image, template or"
                        " volume.");
    return FALSE;
}

gboolean
desktop_record_check(const DesktopRecord *record, GError **error)
{
    if (!g_uuid_string_is_valid(record->id)) {
        g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_INVALID, "“desktop” must be a UUID.");
        return FALSE;
    }
    if (record->name[0] == '\0' || strlen(record->name) > MACHINE_MAX_NAME) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID, "“name” must have 1 to %d bytes.",
                    MACHINE_MAX_NAME);
        return FALSE;
    }
    if (record->vnc[0] != '\0')
        return check_remote(record, error);
    if (!image_name_is_valid(record->image)) {
        g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_INVALID,
                            "“image” is not an image's name.");
        return FALSE;
    }
    if (!is_name_or_empty(record->template_name) || !is_name_or_empty(record->generation)) {
        g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_INVALID,
                            "“template” is not a template's name.");
        return FALSE;
    }
    return machine_shape_check(record->cpus, record->memory_mib, record->width, record->height,
                               error) &&
           machine_limits_check(&record->limits, error);
}
