/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/error.h"
#include "host/agent/cpu-group.h"
#include "host/agent/desktop-record.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/resource.h>

/* Added to the niceness of a desktop that may not have whole processors. */
#define NICE_LIMITED 10
/* Desktops end before the services that look after them. */
#define OOM_SCORE "300"

static const struct {
    const char *name;
    gsize offset;
    guint maximum;
} fields[] = {
    {"disk_gib", offsetof(MachineLimits, disk_gib), 4096},
    {"disk_iops", offsetof(MachineLimits, disk_iops), 10 * 1000 * 1000},
    {"disk_mibps", offsetof(MachineLimits, disk_mibps), 1000 * 1000},
    {"net_mbps", offsetof(MachineLimits, net_mbps), 1000 * 1000},
    {"cpu_percent", offsetof(MachineLimits, cpu_percent), 256 * 100},
};

static guint *
field(const MachineLimits *limits, gsize i)
{
    return (guint *)((char *)limits + fields[i].offset);
}

gboolean
machine_limits_check(const MachineLimits *limits, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(fields); i++) {
        if (*field(limits, i) <= fields[i].maximum)
            continue;
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID,
                    "The limit “%s” must be from 0 (none) to %u.", fields[i].name,
                    fields[i].maximum);
        return FALSE;
    }
    return TRUE;
}

void
machine_limits_hold(const MachineLimits *limits, const char *id, pid_t pid)
{
    g_autofree char *root = cpu_group_root();
    g_autofree char *path = g_strdup_printf("/proc/%d/oom_score_adj", (int)pid);
    FILE *file = fopen(path, "we");
    if (file != NULL) {
        fputs(OOM_SCORE, file);
        fclose(file);
    }
    if (limits->cpu_percent == 0)
        return;
    if (root != NULL && !cpu_group_hold(root, id, pid, limits->cpu_percent))
        g_warning("The processors of the desktop %s could not be limited: %s.", id,
                  g_strerror(errno));
    /* Its threads come later and inherit this. */
    if (setpriority(PRIO_PROCESS, (id_t)pid, NICE_LIMITED) != 0)
        g_debug("The priority of %d could not be lowered.", (int)pid);
}

void
machine_limits_release(const char *id)
{
    g_autofree char *root = cpu_group_root();
    cpu_group_forget(root, id);
}

json_t *
machine_limits_held(void)
{
    g_autofree char *root = cpu_group_root();
    json_t *held = json_pack("[s, s, s, s]", "disk_gib", "disk_iops", "disk_mibps", "net_mbps");
    if (root != NULL)
        json_array_append_new(held, json_string("cpu_percent"));
    return held;
}

json_t *
machine_limits_to_json(const MachineLimits *limits)
{
    json_t *json = json_object();
    for (gsize i = 0; i < G_N_ELEMENTS(fields); i++)
        if (*field(limits, i) > 0)
            json_object_set_new(json, fields[i].name, json_integer(*field(limits, i)));
    return json;
}

gboolean
machine_limits_from_json(MachineLimits *limits, const json_t *json, GError **error)
{
    *limits = (MachineLimits){0};
    for (gsize i = 0; i < G_N_ELEMENTS(fields); i++) {
        const json_t *value = json_object_get(json, fields[i].name);
        if (value == NULL || json_is_null(value))
            continue;
        if (!json_is_integer(value) || json_integer_value(value) < 0 ||
            json_integer_value(value) > G_MAXINT) {
            g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID,
                        "The limit “%s” must be a whole number, not negative.", fields[i].name);
            return FALSE;
        }
        *field(limits, i) = (guint)json_integer_value(value);
    }
    return machine_limits_check(limits, error);
}
