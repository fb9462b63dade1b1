/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/agent/template.h"

#include "common/error.h"
#include "host/agent/desktop-record.h"
#include "host/agent/memory-use.h"
#include "host/agent/record.h"

#include <string.h>

#define GENERATION "8fcba38f-3dd6-4d8c-8cc5-80f033035964"

static const ProviderFacts facts = {
    .name = "qemu", .version = "7.2", .cpu = "max", .accelerator = "tcg"};

static void
replace(char **value, const char *with)
{
    g_free(*value);
    *value = g_strdup(with);
}

static Template *
make_template(void)
{
    Template *made = template_new();
    replace(&made->name, "warm");
    replace(&made->image, "demo");
    replace(&made->generation, GENERATION);
    made->cpus = 2;
    made->memory_mib = 1024;
    made->width = 1280;
    made->height = 800;
    made->state = TEMPLATE_READY;
    template_set_origin(made, &facts, "abc");
    return made;
}

static void
test_record(void)
{
    g_autofree char *folder = g_dir_make_tmp("oXXXXXX", NULL);
    g_autoptr(Template) made = make_template();
    made->files[1].size = 1 << 30;
    made->files[1].changed_ns = G_GINT64_CONSTANT(1795243410563547490);
    g_assert_true(template_save(made, folder, NULL));
    g_autoptr(Template) loaded = template_load(folder, "warm");
    g_assert_nonnull(loaded);
    g_assert_cmpint(loaded->state, ==, TEMPLATE_READY);
    g_assert_cmpstr(loaded->generation, ==, GENERATION);
    g_assert_cmpint(loaded->files[1].changed_ns, ==, made->files[1].changed_ns);
    g_assert_null(template_misfit(loaded, &facts, "abc"));
    g_assert_true(template_has_shape(loaded, 2, 1024, 1280, 800));
    g_assert_false(template_has_shape(loaded, 2, 1024, 1280, 801));
    g_assert_null(template_load(folder, "other"));
    /* A generation is a folder's name. */
    replace(&made->generation, "../../elsewhere");
    g_assert_true(template_save(made, folder, NULL));
    g_assert_null(template_load(folder, "warm"));
    g_assert_true(record_remove_folder(folder, NULL));
}

static void
expect_misfit(const Template *made, const ProviderFacts *now, const char *sha256, const char *word)
{
    g_autofree char *misfit = template_misfit(made, now, sha256);
    g_assert_nonnull(misfit);
    g_assert_nonnull(strstr(misfit, word));
}

static void
test_misfit(void)
{
    g_autoptr(Template) made = make_template();
    ProviderFacts version = facts, cpu = facts, accelerator = facts;
    version.version = "8.0";
    cpu.cpu = "host";
    accelerator.accelerator = "kvm";
    expect_misfit(made, &version, "abc", "QEMU");
    expect_misfit(made, &cpu, "abc", "processor");
    expect_misfit(made, &accelerator, "abc", "accelerator");
    expect_misfit(made, &facts, "abd", "image");
    expect_misfit(made, &facts, NULL, "image");
}

static void
test_files(void)
{
    g_autofree char *folder = g_dir_make_tmp("oXXXXXX", NULL);
    g_autoptr(Template) made = make_template();
    g_autoptr(GError) missing = NULL, changed = NULL;
    g_assert_false(template_measure(made, folder, &missing));
    g_assert_error(missing, ORIEL_ERROR, ORIEL_ERROR_FAILED);
    for (gsize i = 0; i < TEMPLATE_FILES; i++) {
        g_autofree char *path = g_build_filename(folder, template_files[i], NULL);
        g_assert_true(g_file_set_contents(path, "frozen", -1, NULL));
    }
    g_assert_true(template_measure(made, folder, NULL));
    g_assert_true(template_verify(made, folder, NULL));
    g_autofree char *state = g_build_filename(folder, "state", NULL);
    g_assert_true(g_file_set_contents(state, "thawed again", -1, NULL));
    g_assert_false(template_verify(made, folder, &changed));
    g_assert_nonnull(strstr(changed->message, "“state” was changed"));
    g_assert_true(record_remove_folder(folder, NULL));
}

static void
test_limits(void)
{
    MachineLimits limits;
    g_autoptr(GError) negative = NULL, large = NULL;
    json_t *json = json_pack("{s:i, s:i, s:n}", "disk_iops", 500, "cpu_percent", 50, "net_mbps");
    g_assert_true(machine_limits_from_json(&limits, json, NULL));
    g_assert_cmpuint(limits.disk_iops, ==, 500);
    g_assert_cmpuint(limits.disk_gib, ==, 0);
    json_t *back = machine_limits_to_json(&limits);
    g_assert_cmpuint(json_object_size(back), ==, 2);
    json_decref(back);
    json_object_set_new(json, "net_mbps", json_integer(-1));
    g_assert_false(machine_limits_from_json(&limits, json, &negative));
    g_assert_nonnull(strstr(negative->message, "“net_mbps”"));
    json_object_set_new(json, "net_mbps", json_integer(2000 * 1000));
    g_assert_false(machine_limits_from_json(&limits, json, &large));
    g_assert_error(large, ORIEL_ERROR, ORIEL_ERROR_INVALID);
    json_decref(json);
    g_assert_true(machine_limits_from_json(&limits, NULL, NULL));
}

static void
test_memory(void)
{
    MemoryUse use;
    memory_use_parse(&use, "55d0-7ffe ---p 00000000 00:00 0  [rollup]\nRss:  1000 kB\n"
                           "Pss:  700 kB\nPss_Anon: 5 kB\nShared_Clean: 600 kB\n"
                           "Private_Clean: 100 kB\nPrivate_Dirty:  300 kB\n");
    g_assert_cmpuint(use.own, ==, 700);
    g_assert_cmpuint(use.shared, ==, 300);
    memory_use_parse(&use, "Rss: 1 kB\nPrivate_Dirty: 99999999999999999999 kB");
    g_assert_cmpuint(use.shared, ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/template/record", test_record);
    g_test_add_func("/template/misfit", test_misfit);
    g_test_add_func("/template/files", test_files);
    g_test_add_func("/machine-limits/json", test_limits);
    g_test_add_func("/memory-use/parse", test_memory);
    return g_test_run();
}
