/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/error.h"
#include "viewer/vv-file.h"

#include <glib/gstdio.h>
#include <string.h>

/* A certificate that signed itself, made once for this test; nobody has its key. */
#define CA                                                                                         \
    "-----BEGIN CERTIFICATE-----\\n"                                                               \
    "MIIBhTCCASugAwIBAgIUA0MisTZ/hozK86B02+o+AA7JiMYwCgYIKoZIzj0EAwIw\\n"                          \
    "FzEVMBMGA1UEAwwMZGVzay5leGFtcGxlMCAXDTI2MTEyMTAyMDUxM1oYDzIxMjYx\\n"                          \
    "MDI4MDIwNTEzWjAXMRUwEwYDVQQDDAxkZXNrLmV4YW1wbGUwWTATBgcqhkjOPQIB\\n"                          \
    "BggqhkjOPQMBBwNCAASg2Twg5xucBVmkIXVhHxeD7MT37/gCrpfpw0zDKR+HbwnT\\n"                          \
    "KMtuazqgCRugCaex0ZHhUIJ8zm1NAmpDZS7zOH1Po1MwUTAdBgNVHQ4EFgQUk575\\n"                          \
    "6XblOLpg4TPY2J3rpxeAiPQwHwYDVR0jBBgwFoAUk5756XblOLpg4TPY2J3rpxeA\\n"                          \
    "iPQwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEAqvcb2u5Y9mWZ\\n"                          \
    "Ed2HfUMa9ohQsnXPRfLRP3xq/n0SRWYCIEC/iSXynILYoAwk6JIxX99JSCVSxphi\\n"                          \
    "VA7Fp+DXa9Zy\\n"                                                                              \
    "-----END CERTIFICATE-----\\n"

static const char full[] =
    "[virt-viewer]\ntype=spice\nhost=route-1\ntls-port=8443\npassword=s3cret\n"
    "proxy=http://desk.example:8443\nca=" CA "\nhost-subject=CN=desk.example\ntitle=Büro\n"
    "fullscreen=1\ndelete-this-file=1\nversions=linux:1.0\n";

static SpiceTarget *
parse(const char *text, GError **error)
{
    return vv_file_parse(text, strlen(text), error);
}

static void
test_full(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SpiceTarget) target = parse(full, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(target->host, ==, "route-1");
    g_assert_cmpuint(target->port, ==, 0);
    g_assert_cmpuint(target->tls_port, ==, 8443);
    g_assert_cmpstr(target->password, ==, "s3cret");
    g_assert_cmpstr(target->proxy, ==, "http://desk.example:8443");
    g_assert_true(g_str_has_prefix(target->ca, "-----BEGIN CERTIFICATE-----\n"));
    g_assert_cmpstr(target->host_subject, ==, "CN=desk.example");
    g_assert_cmpstr(target->title, ==, "Büro");
    g_assert_true(target->full_screen);
}

static void
test_least(void)
{
    g_autoptr(SpiceTarget) target =
        parse("[virt-viewer]\ntype=spice\nhost=::1\nport=5900\npassword=\n", NULL);
    g_assert_nonnull(target);
    g_assert_cmpuint(target->port, ==, 5900);
    g_assert_null(target->password);
    g_assert_null(target->proxy);
}

static const char *const bad[] = {
    "",
    "no key file",
    "[virt-viewer]\n",
    "[other]\ntype=spice\nhost=h\nport=1\n",
    "[virt-viewer]\ntype=vnc\nhost=h\nport=5900\n",
    "[virt-viewer]\nhost=h\nport=5900\n",
    "[virt-viewer]\ntype=spice\nport=5900\n",
    "[virt-viewer]\ntype=spice\nhost=h\n",
    "[virt-viewer]\ntype=spice\nhost=h\nport=0\n",
    "[virt-viewer]\ntype=spice\nhost=h\nport=65536\n",
    "[virt-viewer]\ntype=spice\nhost=h\nport=-1\n",
    "[virt-viewer]\ntype=spice\nhost=h\nport=99999999999999999999999\n",
    "[virt-viewer]\ntype=spice\nhost=h\nport=12x\n",
    "[virt-viewer]\ntype=spice\nhost=a b\nport=1\n",
    "[virt-viewer]\ntype=spice\nhost=a@b\nport=1\n",
    "[virt-viewer]\ntype=spice\nhost=a\\nb\nport=1\n",
    "[virt-viewer]\ntype=spice\nhost=h\nport=1\ntls-port=zz\n",
    "[virt-viewer]\ntype=spice\nhost=h\nport=1\nca=no certificate\n",
    ("[virt-viewer]\ntype=spice\nhost=h\nport=1\n"
     "ca=-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----\n"),
    "[virt-viewer]\ntype=spice\nhost=h\nport=1\nproxy=file:///etc/passwd\n",
    "[virt-viewer]\ntype=spice\nhost=h\nport=1\nproxy=http://\n",
    "[virt-viewer]\ntype=spice\nhost=h\nport=1\nproxy=http://u:p@h:1\n",
    "[virt-viewer]\ntype=spice\nhost=h\nport=1\nproxy=not a proxy\n",
    "[virt-viewer]\ntype=spice\nhost=h\nport=1\ntitle=a\\nb\n",
    "[virt-viewer]\ntype=spice\nhost=h\nport=1\npassword=a\\tb\n",
    "[virt-viewer]\ntype=spice\nhost=\xff\xfe\nport=1\n",
};

static void
test_bad(gconstpointer text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SpiceTarget) target = parse(text, &error);
    g_assert_null(target);
    g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID);
}

static void
test_bounds(void)
{
    g_autofree char *many = g_strnfill(2000, 'x');
    g_autofree char *title =
        g_strconcat("[virt-viewer]\ntype=spice\nhost=h\nport=1\ntitle=", many, "\n", NULL);
    g_autofree char *host =
        g_strconcat("[virt-viewer]\ntype=spice\nport=1\nhost=", many, "\n", NULL);
    g_autofree char *huge = g_strnfill(VV_FILE_MAX_SIZE + 1, '\n');
    test_bad(title);
    test_bad(host);
    test_bad(huge);
    g_autoptr(GError) error = NULL;
    g_assert_null(vv_file_parse("[virt-viewer]\0\ntype=spice\n", 26, &error));
    g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID);
}

/* Bytes changed at random in a good file: read or refused, never a crash. */
static void
test_random(void)
{
    for (guint round = 0; round < 5000; round++) {
        g_autofree char *text = g_strdup(full);
        for (guint i = 0; i < 4; i++)
            text[g_test_rand_int_range(0, sizeof full - 1)] = (char)g_test_rand_int_range(0, 256);
        spice_target_free(vv_file_parse(text, sizeof full - 1, NULL));
    }
}

static void
test_load(void)
{
    g_autofree char *directory = g_dir_make_tmp("oXXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "x.vv", NULL);
    g_autoptr(GError) error = NULL;
    g_assert_null(vv_file_load(path, &error));
    g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_NOT_FOUND);
    g_clear_error(&error);
    g_assert_null(vv_file_load(directory, &error));
    g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID);

    /* A file that is refused stays, whatever it asks for. */
    g_assert_true(
        g_file_set_contents(path, "[virt-viewer]\ntype=spice\ndelete-this-file=1\n", -1, NULL));
    g_assert_null(vv_file_load(path, NULL));
    g_assert_true(g_file_test(path, G_FILE_TEST_EXISTS));

    g_assert_true(
        g_file_set_contents(path, "[virt-viewer]\ntype=spice\nhost=h\nport=1\n", -1, NULL));
    spice_target_free(vv_file_load(path, NULL));
    g_assert_true(g_file_test(path, G_FILE_TEST_EXISTS));

    g_assert_true(g_file_set_contents(path, full, -1, NULL));
    g_autoptr(SpiceTarget) target = vv_file_load(path, NULL);
    g_assert_nonnull(target);
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    g_rmdir(directory);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vv-file/full", test_full);
    g_test_add_func("/vv-file/least", test_least);
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *path = g_strdup_printf("/vv-file/bad/%u", i);
        g_test_add_data_func(path, bad[i], test_bad);
    }
    g_test_add_func("/vv-file/bounds", test_bounds);
    g_test_add_func("/vv-file/random", test_random);
    g_test_add_func("/vv-file/load", test_load);
    return g_test_run();
}
