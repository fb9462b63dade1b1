/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tool.h"

#include "common/error.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* Enough for any table of an honest image; a crafted one may ask for more. */
#define MAX_ADDRESS_SPACE (G_GUINT64_CONSTANT(4) << 30)
#define CHUNK             4096

typedef struct {
    GSubprocess *process;
    GCancellable *cancellable;
    GString *kept;
    char chunk[CHUNK + 1];
    ToolOutput output;
    ToolDone done;
    gpointer user;
} Tool;

static void
tool_finish(Tool *tool, int exit_code, const GError *error)
{
    tool->done(exit_code, error == NULL ? tool->kept->str : "", error, tool->user);
    g_clear_object(&tool->process);
    g_clear_object(&tool->cancellable);
    g_string_free(tool->kept, TRUE);
    g_free(tool);
}

static void
on_waited(GObject *source, GAsyncResult *result, gpointer user)
{
    Tool *tool = user;
    g_autoptr(GError) error = NULL;
    g_subprocess_wait_finish(tool->process, result, NULL);
    if (g_cancellable_set_error_if_cancelled(tool->cancellable, &error))
        tool_finish(tool, -1, error);
    else
        tool_finish(tool,
                    g_subprocess_get_if_exited(tool->process)
                        ? g_subprocess_get_exit_status(tool->process)
                        : -1,
                    NULL);
}

static void
on_read(GObject *source, GAsyncResult *result, gpointer user)
{
    Tool *tool = user;
    gssize length = g_input_stream_read_finish(G_INPUT_STREAM(source), result, NULL);
    if (length <= 0) {
        if (g_cancellable_is_cancelled(tool->cancellable))
            g_subprocess_force_exit(tool->process);
        g_subprocess_wait_async(tool->process, NULL, on_waited, tool);
        return;
    }
    tool->chunk[length] = '\0';
    if (tool->kept->len < TOOL_MAX_OUTPUT)
        g_string_append_len(tool->kept, tool->chunk,
                            MIN(length, (gssize)(TOOL_MAX_OUTPUT - tool->kept->len)));
    if (tool->output != NULL)
        tool->output(tool->chunk, tool->user);
    g_input_stream_read_async(G_INPUT_STREAM(source), tool->chunk, CHUNK, G_PRIORITY_DEFAULT,
                              tool->cancellable, on_read, tool);
}

static void
limit_child(gpointer user)
{
    struct rlimit memory = {MAX_ADDRESS_SPACE, MAX_ADDRESS_SPACE};
    setrlimit(RLIMIT_AS, &memory);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

typedef struct {
    Tool *tool;
    GError *error;
} Unstarted;

static gboolean
report_unstarted(gpointer user)
{
    Unstarted *unstarted = user;
    tool_finish(unstarted->tool, -1, unstarted->error);
    g_error_free(unstarted->error);
    g_free(unstarted);
    return G_SOURCE_REMOVE;
}

void
tool_run(const char *const *argv, GCancellable *cancellable, ToolOutput output, ToolDone done,
         gpointer user)
{
    g_autoptr(GSubprocessLauncher) launcher =
        g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE);
    g_autoptr(GError) error = NULL;
    Tool *tool = g_new0(Tool, 1);
    tool->cancellable = g_object_ref(cancellable);
    tool->kept = g_string_new(NULL);
    tool->output = output;
    tool->done = done;
    tool->user = user;
    g_subprocess_launcher_setenv(launcher, "LC_ALL", "C.UTF-8", TRUE);
    g_subprocess_launcher_set_child_setup(launcher, limit_child, NULL, NULL);
    tool->process = g_subprocess_launcher_spawnv(launcher, argv, &error);
    if (tool->process == NULL) {
        Unstarted *unstarted = g_new0(Unstarted, 1);
        unstarted->tool = tool;
        unstarted->error = g_error_new(
            ORIEL_ERROR, ORIEL_ERROR_NOT_FOUND,
            "The program “%s” is not installed on this host or cannot be started.", argv[0]);
        g_idle_add(report_unstarted, unstarted);
        return;
    }
    g_input_stream_read_async(g_subprocess_get_stdout_pipe(tool->process), tool->chunk, CHUNK,
                              G_PRIORITY_DEFAULT, cancellable, on_read, tool);
}

char *
tool_complaint(const char *output)
{
    g_autofree char *valid = g_utf8_make_valid(output, -1);
    g_strchomp(valid);
    const char *line = strrchr(valid, '\n');
    line = line != NULL ? line + 1 : valid;
    const char *carriage = strrchr(line, '\r');
    line = carriage != NULL ? carriage + 1 : line;
    if (g_str_has_prefix(line, "qemu-img: "))
        line += strlen("qemu-img: ");
    return g_utf8_substring(line, 0, MIN(g_utf8_strlen(line, -1), 300));
}
