/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "viewer/stats-text.h"

#include <string.h>

static void
test_text(void)
{
    json_t *before = json_pack("{s:i,s:i,s:i,s:i}", "updates", 100, "bytes", 1000000, "encode_us",
                               50000, "merged", 3);
    json_t *now = json_pack("{s:i,s:i,s:i,s:i,s:i,s:i,s:[{s:s,s:s,s:i,s:i,s:i}]}", "width", 1920,
                            "height", 1080, "updates", 160, "bytes", 3000000, "encode_us", 170000,
                            "merged", 3, "clients", "protocol", "vnc", "encoding", "tight",
                            "round_trip_us", 41200, "bandwidth", 2500000, "quality", 6);
    g_autofree char *text = stats_text(now, before, 2.0);

    g_assert_nonnull(strstr(text, "1920 × 1080"));
    g_assert_nonnull(strstr(text, "30 updates/s"));
    g_assert_nonnull(strstr(text, "2.0 ms an update"));
    g_assert_nonnull(strstr(text, "VNC, tight, 41 ms, 20.0 Mbit/s, quality 6 of 9"));
    g_assert_null(strstr(text, "Overtaken"));
    json_decref(before);
    json_decref(now);
}

/* A display that began anew, a broker that says nonsense. */
static void
test_odd(void)
{
    json_t *before = json_pack("{s:i,s:i}", "updates", 100, "bytes", 1000000);
    json_t *now = json_pack("{s:i,s:s,s:[s,n,{s:i}]}", "updates", 5, "bytes", "many", "clients",
                            "one", "quality", 77);
    g_autofree char *text = stats_text(now, before, 0);
    g_autofree char *none = stats_text(NULL, NULL, 1);

    g_assert_nonnull(strstr(text, "0 updates/s"));
    g_assert_nonnull(strstr(none, "0 × 0"));
    json_decref(before);
    json_decref(now);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/stats-text/text", test_text);
    g_test_add_func("/stats-text/odd", test_odd);
    return g_test_run();
}
