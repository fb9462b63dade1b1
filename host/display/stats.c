/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "stats.h"

json_t *
client_stats_to_json(const ClientStats *stats, const char *protocol)
{
    return json_pack(
        "{s:s,s:s?,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:i,s:i,s:b}", "protocol", protocol,
        "encoding", stats->encoding, "bytes", (json_int_t)stats->bytes, "lossy_bytes",
        (json_int_t)stats->lossy_bytes, "updates", (json_int_t)stats->updates, "merged",
        (json_int_t)stats->merged, "encode_us", (json_int_t)stats->encode_us, "send_us",
        (json_int_t)stats->send_us, "round_trip_us", (json_int_t)stats->round_trip_us, "base_us",
        (json_int_t)stats->base_us, "bandwidth", (json_int_t)stats->bandwidth, "queued",
        (json_int_t)stats->queued, "in_flight", (json_int_t)stats->in_flight, "wish", stats->wish,
        "quality", stats->quality, "settled", stats->settled);
}

void
client_stats_sum(ClientStats *sum, const ClientStats *stats)
{
    sum->bytes += stats->bytes;
    sum->lossy_bytes += stats->lossy_bytes;
    sum->updates += stats->updates;
    sum->merged += stats->merged;
    sum->encode_us += stats->encode_us;
    sum->send_us += stats->send_us;
}

static void
add(json_t *object, const char *name, json_int_t value)
{
    json_int_t had = json_integer_value(json_object_get(object, name));

    json_object_set_new(object, name, json_integer(had + value));
}

void
client_stats_add_to_json(const ClientStats *sum, json_t *object)
{
    add(object, "bytes", (json_int_t)sum->bytes);
    add(object, "lossy_bytes", (json_int_t)sum->lossy_bytes);
    add(object, "updates", (json_int_t)sum->updates);
    add(object, "merged", (json_int_t)sum->merged);
    add(object, "encode_us", (json_int_t)sum->encode_us);
    add(object, "send_us", (json_int_t)sum->send_us);
}
