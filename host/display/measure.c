/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "measure.h"

#include "common/error.h"

#include <time.h>

/* The state of things at a moment. */
typedef struct {
    gint64 us, cpu_us;
    json_t *stats; /* NULL: it has not come */
} Moment;

struct Measure {
    json_t *(*stats)(gpointer user);
    gpointer user;
    SourceProgress source;
    gboolean settled, complete;
    Moment begin; /* its times are the source's */
    Moment first; /* the first frame was sent */
    Moment moved; /* the last one was */
    Moment end;   /* everything is exact, or there is nobody left to show it to */
};

gint64
measure_cpu_us(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (gint64)time.tv_sec * G_USEC_PER_SEC + time.tv_nsec / 1000;
}

Measure *
measure_new(json_t *(*stats)(gpointer user), gpointer user)
{
    Measure *measure = g_new0(Measure, 1);
    measure->stats = stats;
    measure->user = user;
    return measure;
}

void
measure_free(Measure *measure)
{
    if (!measure)
        return;
    json_decref(measure->begin.stats);
    json_decref(measure->first.stats);
    json_decref(measure->moved.stats);
    json_decref(measure->end.stats);
    g_free(measure);
}

static void
take(Measure *measure, Moment *moment)
{
    moment->us = g_get_monotonic_time();
    moment->cpu_us = measure_cpu_us();
    json_decref(moment->stats);
    moment->stats = measure->stats(measure->user);
}

gboolean
measure_step(Measure *measure, const SourceProgress *source, SinkProgress clients,
             gboolean any_client)
{
    gboolean sent = clients >= SINK_SENT;

    if (measure->complete)
        return FALSE;
    measure->source = *source;
    if (source->shown == 0)
        take(measure, &measure->begin);
    else if (sent && !measure->first.stats)
        take(measure, &measure->first);
    if (source->ended && sent && !measure->moved.stats)
        take(measure, &measure->moved);
    if (!source->ended || clients != SINK_SETTLED)
        return FALSE;
    take(measure, &measure->end);
    measure->settled = any_client;
    measure->complete = TRUE;
    return TRUE;
}

static gint64
bytes_of(const Moment *moment, gsize client)
{
    json_t *list = json_object_get(moment->stats, "vnc");
    return json_integer_value(json_object_get(json_array_get(list, client), "bytes"));
}

static gsize
count_clients(const Measure *measure)
{
    return json_array_size(json_object_get(measure->end.stats, "vnc"));
}

/* From the beginning to a moment. Clients that came in between, or went, spoil it: then their bytes
 * count from 0. */
static gint64
bytes_until(const Measure *measure, const Moment *moment, gsize client)
{
    gint64 bytes = bytes_of(moment, client), before = bytes_of(&measure->begin, client);
    return bytes >= before ? bytes - before : bytes;
}

static gint64
all_bytes_until(const Measure *measure, const Moment *moment)
{
    gint64 sum = 0;
    for (gsize i = 0; i < count_clients(measure); i++)
        sum += bytes_until(measure, moment, i);
    return sum;
}

static double
seconds(gint64 from, gint64 to)
{
    return (double)(to - from) / G_USEC_PER_SEC;
}

static void
put_moment(const Measure *measure, json_t *object, const char *suffix, const Moment *moment)
{
    const SourceProgress *source = &measure->source;
    const struct {
        const char *name;
        json_t *value;
    } members[] = {
        {"cpu_seconds", json_real(seconds(source->begin_cpu_us, moment->cpu_us))},
        {"wall_seconds", json_real(seconds(source->begin_us, moment->us))},
        {"bytes", json_integer(all_bytes_until(measure, moment))},
    };
    for (guint i = 0; i < G_N_ELEMENTS(members); i++) {
        g_autofree char *name = g_strconcat(members[i].name, suffix, NULL);
        json_object_set_new(object, name, members[i].value);
    }
}

static json_t *
clients_json(const Measure *measure)
{
    json_t *list = json_array();
    for (gsize i = 0; i < count_clients(measure); i++) {
        json_t *item = json_object();
        json_object_set_new(item, "bytes", json_integer(bytes_until(measure, &measure->moved, i)));
        json_object_set_new(item, "bytes_settled",
                            json_integer(bytes_until(measure, &measure->end, i)));
        json_array_append_new(list, item);
    }
    return list;
}

/* What the counters of the display (µs and the like) grew by while it moved. */
static json_t *
grown_json(const Measure *measure)
{
    json_t *grown = json_object(), *value;
    const char *name;
    json_object_foreach(measure->moved.stats, name, value)
    {
        json_t *before = json_object_get(measure->begin.stats, name);
        if (g_str_has_suffix(name, "_us") || g_str_equal(name, "frames"))
            json_object_set_new(
                grown, name, json_integer(json_integer_value(value) - json_integer_value(before)));
    }
    return grown;
}

char *
measure_text(const Measure *measure)
{
    const SourceProgress *source = &measure->source;
    return g_strdup_printf(
        "%" G_GUINT64_FORMAT " frames: %.3f s of processor time and %" G_GINT64_FORMAT
        " bytes until the last was sent; %.3f s and %" G_GINT64_FORMAT " bytes until %s.",
        source->shown, seconds(source->begin_cpu_us, measure->moved.cpu_us),
        all_bytes_until(measure, &measure->moved),
        seconds(source->begin_cpu_us, measure->end.cpu_us), all_bytes_until(measure, &measure->end),
        measure->settled ? "every pixel was exact" : "the clients were gone");
}

gboolean
measure_write(const Measure *measure, const char *path, GError **error)
{
    json_t *object = json_object();
    json_object_set_new(object, "frames_shown", json_integer((json_int_t)measure->source.shown));
    json_object_set_new(object, "settled", json_boolean(measure->settled));
    put_moment(measure, object, "", &measure->moved);
    put_moment(measure, object, "_first", &measure->first);
    put_moment(measure, object, "_settled", &measure->end);
    json_object_set_new(object, "clients", clients_json(measure));
    json_object_set_new(object, "grown", grown_json(measure));
    json_object_set(object, "stats", measure->end.stats);
    int failed = json_dump_file(object, path, JSON_INDENT(2));
    json_decref(object);
    if (failed)
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED, "The figures cannot be written to %s.",
                    path);
    return !failed;
}
