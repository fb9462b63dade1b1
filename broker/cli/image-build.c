/* SPDX-License-Identifier: GPL-3.0-or-later */
/* orielctl image build: a recipe is a folder with a program “build”, which prints as its last line
 * the folder with what it made: disk.qcow2, and where there are such kernel, initrd and cmdline. */
#include "broker/cli/verbs.h"

#include "common/error.h"

#include <gio/gio.h>
#include <string.h>

#define MAX_CMDLINE 2048

/* Runs the recipe; what it says goes to the terminal. Its last line of output, owned by the caller.
 */
static char *
run_recipe(const char *recipe, GError **error)
{
    g_autofree char *program = g_build_filename(recipe, "build", NULL);
    char *argv[] = {program, NULL};
    g_autofree char *output = NULL;
    int status = 0;

    /* A path without a slash would be looked up in PATH. */
    if (!g_file_test(program, G_FILE_TEST_IS_EXECUTABLE)) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID,
                    "“%s” is no recipe: there is no program %s.", recipe, program);
        return NULL;
    }
    if (!g_spawn_sync(NULL, argv, NULL, G_SPAWN_CHILD_INHERITS_STDIN, NULL, NULL, &output, NULL,
                      &status, error) ||
        !g_spawn_check_wait_status(status, error)) {
        g_prefix_error(error, "The recipe %s failed: ", program);
        return NULL;
    }
    g_strchomp(output);
    const char *line = strrchr(output, '\n');
    return g_strdup(line ? line + 1 : output);
}

/* Adds a file of the result, if it is there. */
static gboolean
add_file(json_t *body, const char *folder, const char *name, const char *key)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);

    if (!g_file_test(path, G_FILE_TEST_IS_REGULAR))
        return FALSE;
    json_object_set_new(body, key, json_string(path));
    return TRUE;
}

static gboolean
add_cmdline(json_t *body, const char *folder, GError **error)
{
    g_autofree char *path = g_build_filename(folder, "cmdline", NULL);
    g_autofree char *text = NULL;
    gsize length = 0;

    if (!g_file_test(path, G_FILE_TEST_IS_REGULAR))
        return TRUE;
    if (!g_file_get_contents(path, &text, &length, error))
        return FALSE;
    g_strstrip(text);
    if (length > MAX_CMDLINE || strchr(text, '\n')) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID, "%s is not one line.", path);
        return FALSE;
    }
    json_object_set_new(body, "cmdline", json_string(text));
    return TRUE;
}

int
verb_image_build(Cli *cli, const Noun *noun, char **names, json_t *body)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *recipe = g_canonicalize_filename(names[1], NULL);
    g_autofree char *folder = run_recipe(recipe, &error);

    if (!folder)
        return cli_fail(error);
    if (!g_path_is_absolute(folder) || !add_file(body, folder, "disk.qcow2", "path")) {
        g_set_error(&error, ORIEL_ERROR, ORIEL_ERROR_INVALID,
                    "The recipe did not say as its last line which folder has its disk.qcow2.");
        return cli_fail(error);
    }
    add_file(body, folder, "kernel", "kernel");
    add_file(body, folder, "initrd", "initrd");
    if (!add_cmdline(body, folder, &error))
        return cli_fail(error);
    return verb_image_import(cli, noun, names, body);
}
