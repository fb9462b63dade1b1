/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/log.h"
#include "display.h"
#include "oriel-config.h"
#include "sandbox.h"

#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_SOURCE_LOST = 3 };

typedef struct {
    GMainLoop *loop;
    gboolean lockstep;
    int status;
} Program;

static gboolean
on_terminate(gpointer user)
{
    Program *program = user;
    g_main_loop_quit(program->loop);
    return G_SOURCE_CONTINUE;
}

/* A recording played in lockstep is played for the figures; at a rate, to be looked at. */
static void
on_played(gpointer user)
{
    Program *program = user;
    if (program->lockstep)
        g_main_loop_quit(program->loop);
}

static void
on_lost(gpointer user)
{
    Program *program = user;
    program->status = EXIT_SOURCE_LOST;
    g_main_loop_quit(program->loop);
}

/* A recording's options are part of its address. */
static void
add_to_source(DisplayOptions *options, const char *name, const char *value)
{
    char *source = options->source;
    if (!source || !value)
        return;
    options->source = g_strdup_printf("%s,%s=%s", source, name, value);
    g_free(source);
}

static gboolean
parse(int argc, char **argv, DisplayOptions *options, gboolean *version, gboolean *bare)
{
    g_autofree char *size = NULL, *rate = NULL;
    const GOptionEntry entries[] = {
        {"name", 0, 0, G_OPTION_ARG_STRING, &options->name, "The desktop's name", "NAME"},
        {"source", 0, 0, G_OPTION_ARG_STRING, &options->source,
         "Where the screen comes from: dbus:ADDRESS, rfb:HOST:PORT[,password-file=FILE] or "
         "replay:FILE",
         "SOURCE"},
        {"size", 0, 0, G_OPTION_ARG_STRING, &size, "Of a replayed recording", "WxH"},
        {"rate", 0, 0, G_OPTION_ARG_STRING, &rate,
         "Frames a second of a replay (30; 0: all it can; lockstep: as the clients take them)",
         "N"},
        {"record", 0, 0, G_OPTION_ARG_FILENAME, &options->record_path, "Record the screen here",
         "FILE"},
        {"stats-json", 0, 0, G_OPTION_ARG_FILENAME, &options->stats_path,
         "Write here what a replay cost", "PATH"},
        {"vnc-unix", 0, 0, G_OPTION_ARG_FILENAME, &options->vnc_path, "Serve VNC here", "PATH"},
        {"spice-unix", 0, 0, G_OPTION_ARG_FILENAME, &options->spice_path, "Serve SPICE here",
         "PATH"},
        {"control-unix", 0, 0, G_OPTION_ARG_FILENAME, &options->control_path,
         "Answer questions here", "PATH"},
        {"agent-unix", 0, 0, G_OPTION_ARG_FILENAME, &options->agent_path,
         "The socket of the guest's SPICE agent", "PATH"},
        {"no-sandbox", 0, 0, G_OPTION_ARG_NONE, bare,
         "Keep all rights, for debuggers and profilers", NULL},
        {"version", 0, 0, G_OPTION_ARG_NONE, version, "Show the version", NULL},
        {NULL},
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;
    g_option_context_set_summary(context, "Shows one guest's screen over VNC and SPICE.");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error))
        fprintf(stderr, "oriel-display: %s\n", error->message);
    else if (argc > 1)
        fprintf(stderr, "oriel-display: “%s” is not understood.\n", argv[1]);
    else if (!options->source && !*version)
        fprintf(stderr, "oriel-display: --source is missing.\n");
    else {
        add_to_source(options, "size", size);
        add_to_source(options, "rate", rate);
        return TRUE;
    }
    return FALSE;
}

/* FILE of "replay:FILE,size=…" or of "rfb:…,password-file=FILE"; NULL: there is none. */
static char *
file_of(const char *source)
{
    static const char option[] = ",password-file=";
    const char *address = strchr(source, ':'), *password = strstr(source, option);
    if (g_str_has_prefix(source, "replay:"))
        return g_strndup(address + 1, strcspn(address + 1, ","));
    return password ? g_strdup(password + strlen(option)) : NULL;
}

/* Before there are threads, and before anything is heard. */
static gboolean
confine(const DisplayOptions *options, GError **error)
{
    const char *const made[] = {options->vnc_path, options->spice_path, options->control_path,
                                options->record_path, options->stats_path};
    g_autofree char *file = file_of(options->source);
    g_autofree char *damage = file ? g_strconcat(file, ".damage", NULL) : NULL;
    const char *read[] = {file, damage, NULL};
    g_autoptr(GPtrArray) folders = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < G_N_ELEMENTS(made); i++)
        if (made[i])
            g_ptr_array_add(folders, g_path_get_dirname(made[i]));
    g_ptr_array_add(folders, NULL);
    const SandboxNeeds needs = {.read = read, .write = (const char *const *)folders->pdata};
    return sandbox_enter(&needs, error);
}

static void
options_clear(DisplayOptions *options)
{
    g_free(options->name);
    g_free(options->source);
    g_free(options->vnc_path);
    g_free(options->spice_path);
    g_free(options->control_path);
    g_free(options->agent_path);
    g_free(options->record_path);
    g_free(options->stats_path);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DisplayOptions, options_clear)

static const DisplayEvents display_events = {.lost = on_lost, .played = on_played};

static int
run(const DisplayOptions *options)
{
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    g_autoptr(GError) error = NULL;
    Program program = {.loop = loop,
                       .lockstep = g_str_has_suffix(options->source, ",rate=lockstep"),
                       .status = EXIT_OK};
    guint terminate = g_unix_signal_add(SIGTERM, on_terminate, &program);
    guint interrupt = g_unix_signal_add(SIGINT, on_terminate, &program);
    Display *display = display_new(options, &display_events, &program, &error);
    if (display)
        g_main_loop_run(loop);
    else
        g_critical("%s", error->message);
    if (!display)
        program.status = EXIT_FAILED;
    display_free(display);
    g_source_remove(terminate);
    g_source_remove(interrupt);
    return program.status;
}

int
main(int argc, char **argv)
{
    g_auto(DisplayOptions) options = {0};
    g_autoptr(GError) error = NULL;
    gboolean version = FALSE, bare = ORIEL_SANITIZED;
    oriel_log_init("oriel-display");
    signal(SIGPIPE, SIG_IGN);
    if (!parse(argc, argv, &options, &version, &bare))
        return EXIT_USAGE;
    if (version) {
        printf("oriel-display %s\n", ORIEL_VERSION);
        return EXIT_OK;
    }
    if (!bare && !confine(&options, &error)) {
        g_critical("%s", error->message);
        return EXIT_FAILED;
    }
    return run(&options);
}
