/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/error.h"
#include "common/log.h"
#include "host/agent/api.h"
#include "oriel-config.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_SECONDS 2
#define LOCK_STEP_US 20000

typedef struct {
    HostOptions paths;
    gboolean version, allow_root;
} Options;

static gboolean
parse_options(int *argc, char ***argv, Options *options, GError **error)
{
    const GOptionEntry entries[] = {
        {"config", 'c', 0, G_OPTION_ARG_FILENAME, &options->paths.config,
         "Read this configuration file", "FILE"},
        {"state-dir", 0, 0, G_OPTION_ARG_FILENAME, &options->paths.state_dir,
         "Keep images and desktops here", "DIR"},
        {"run-dir", 0, 0, G_OPTION_ARG_FILENAME, &options->paths.run_dir,
         "Keep sockets here (a short path)", "DIR"},
        {"socket", 0, 0, G_OPTION_ARG_FILENAME, &options->paths.socket, "Serve the API here",
         "PATH"},
        {"allow-root", 0, 0, G_OPTION_ARG_NONE, &options->allow_root,
         "Run as root all the same (for tests)", NULL},
        {"version", 0, 0, G_OPTION_ARG_NONE, &options->version, "Show the version", NULL},
        {NULL}};
    g_autoptr(GOptionContext) context = g_option_context_new("– runs the desktops of one machine");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, argc, argv, error))
        return FALSE;
    if (*argc > 1)
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID, "The argument “%s” is not known.",
                    (*argv)[1]);
    return *argc <= 1;
}

static gboolean
on_signal(gpointer user)
{
    g_main_loop_quit(user);
    return G_SOURCE_CONTINUE;
}

/* QEMU and all else that a guest could break out of runs as this user: root is no choice for it. */
static gboolean
check_user(const Options *options, GError **error)
{
    if (geteuid() != 0)
        return TRUE;
    if (options->allow_root) {
        g_warning(
            "oriel-host runs as root, and so does every guest's QEMU. Do this in tests only.");
        return TRUE;
    }
    g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_REFUSED,
                        "oriel-host does not run as root: start it as an unprivileged user (or "
                        "give --allow-root).");
    return FALSE;
}

/* A host that was killed holds its lock until the last of its threads is gone, a moment after
 * others see it as dead: who starts the next one at once waits that long. */
static gboolean
take_lock(int fd)
{
    gint64 deadline = g_get_monotonic_time() + LOCK_SECONDS * G_USEC_PER_SEC;
    while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK || g_get_monotonic_time() > deadline)
            return FALSE;
        g_usleep(LOCK_STEP_US);
    }
    return TRUE;
}

/* Two hosts on one state folder would fight for the desktops. The lock goes with the process. */
static gboolean
lock_state(const HostSettings *settings, GError **error)
{
    g_autofree char *path = g_build_filename(settings->state_dir, "lock", NULL);
    g_mkdir_with_parents(settings->state_dir, 0700);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0 && take_lock(fd))
        return TRUE;
    if (fd >= 0 && errno == EWOULDBLOCK)
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_EXISTS, "Another oriel-host uses “%s”.",
                    settings->state_dir);
    else
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED, "“%s” cannot be used: %s.", path,
                    g_strerror(errno));
    if (fd >= 0)
        close(fd);
    return FALSE;
}

static gboolean
serve(const HostSettings *settings, GError **error)
{
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    g_autoptr(ImageStore) images = NULL;
    g_autoptr(TemplateStore) templates = NULL;
    g_autoptr(VolumeStore) volumes = NULL;
    g_autoptr(Inventory) inventory = NULL;
    g_autoptr(Api) api = NULL;
    Provider *provider = provider_new(settings);
    Host host = {.settings = settings, .provider = provider, .started_at = g_get_monotonic_time()};
    const ProviderFacts *facts = provider->ops->facts(provider);
    g_message("Guests run with %s. %s", facts->accelerator, facts->accelerator_reason);
    g_autofree char *image_folder = g_build_filename(settings->state_dir, "images", NULL);
    host.images = images = image_store_new(image_folder, settings->qemu_img_program, error);
    TemplateStorePlace place = {.settings = settings, .provider = provider, .images = images};
    if (images != NULL)
        host.templates = templates = template_store_new(&place, error);
    if (templates != NULL)
        host.volumes = volumes = volume_store_new(settings->state_dir, error);
    if (volumes != NULL)
        host.inventory = inventory =
            inventory_new(settings, provider, images, templates, volumes, error);
    if (inventory != NULL)
        api = api_new(&host, error);
    if (api != NULL) {
        g_message("oriel-host %s serves %s.", ORIEL_VERSION, settings->socket);
        guint term = g_unix_signal_add(SIGTERM, on_signal, loop);
        guint interrupt = g_unix_signal_add(SIGINT, on_signal, loop);
        g_main_loop_run(loop);
        g_source_remove(term);
        g_source_remove(interrupt);
        g_message("oriel-host ends; its desktops go on.");
    }
    gboolean served = api != NULL;
    g_clear_pointer(&api, api_free);
    g_clear_pointer(&inventory, inventory_free);
    g_clear_pointer(&volumes, volume_store_free);
    g_clear_pointer(&templates, template_store_free);
    g_clear_pointer(&images, image_store_free);
    provider->ops->provider_free(provider);
    return served;
}

static void
options_clear(Options *options)
{
    g_free(options->paths.config);
    g_free(options->paths.state_dir);
    g_free(options->paths.run_dir);
    g_free(options->paths.socket);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)

int
main(int argc, char **argv)
{
    g_auto(Options) options = {0};
    g_autoptr(GError) error = NULL;
    if (!parse_options(&argc, &argv, &options, &error)) {
        fprintf(stderr, "oriel-host: %s\n", error->message);
        return 2;
    }
    if (options.version) {
        printf("oriel-host %s\n", ORIEL_VERSION);
        return EXIT_SUCCESS;
    }
    oriel_log_init("oriel-host");
    signal(SIGPIPE, SIG_IGN);
    umask(0027);
    g_autoptr(HostSettings) settings = NULL;
    if (check_user(&options, &error))
        settings = host_settings_load(&options.paths, &error);
    if (settings != NULL && lock_state(settings, &error) && serve(settings, &error))
        return EXIT_SUCCESS;
    g_critical("%s", error->message);
    return EXIT_FAILURE;
}
