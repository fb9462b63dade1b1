/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "settings.h"

#include "common/config.h"
#include "common/error.h"
#include "oriel-config.h"

#include <grp.h>

#define GROUP "host"

/* A desktop's sockets are RUN/UUID/NAME, and a Unix socket's path ends at 107 bytes. */
#define MAX_RUN_DIR (107 - 1 - 36 - 1 - 8)

static const OrielConfigKey known_keys[] = {{GROUP, "name"},
                                            {GROUP, "state-dir"},
                                            {GROUP, "run-dir"},
                                            {GROUP, "socket"},
                                            {GROUP, "socket-group"},
                                            {GROUP, "display-program"},
                                            {GROUP, "net-program"},
                                            {GROUP, "qemu-program"},
                                            {GROUP, "qemu-img-program"},
                                            {GROUP, "dbus-program"},
                                            {GROUP, "provider"},
                                            {GROUP, "simulated-script"},
                                            {GROUP, "accelerator"},
                                            {GROUP, "network"},
                                            {GROUP, "max-desktops"},
                                            {GROUP, "memory-reserve"},
                                            {GROUP, "disk-reserve"},
                                            {GROUP, "agent-wait"},
                                            {GROUP, "start-timeout"},
                                            {GROUP, "stop-timeout"},
                                            {GROUP, "answer-timeout"},
                                            {NULL, NULL}};

static gboolean
word_is_one_of(const char *key, const char *value, const char *const *words, GError **error)
{
    if (g_strv_contains(words, value))
        return TRUE;
    g_autofree char *list = g_strjoinv(", ", (char **)words);
    g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID, "[host] %s must be one of %s, not “%s”.",
                key, list, value);
    return FALSE;
}

static gboolean
read_group(GKeyFile *config, HostSettings *settings, GError **error)
{
    g_autofree char *name = oriel_config_string(config, GROUP, "socket-group", "");
    settings->socket_group = (gid_t)-1;
    if (name[0] == '\0')
        return TRUE;
    const struct group *group = getgrnam(name);
    if (group == NULL) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID,
                    "[host] socket-group: there is no group “%s”.", name);
        return FALSE;
    }
    settings->socket_group = group->gr_gid;
    return TRUE;
}

static gboolean
read_numbers(GKeyFile *config, HostSettings *settings, GError **error)
{
    settings->max_desktops = 64;
    settings->memory_reserve_mib = 512;
    settings->disk_reserve_mib = 512;
    settings->answer_timeout_s = 30;
    settings->agent_wait_s = 0;
    settings->start_timeout_s = 1800;
    settings->stop_timeout_s = 0;
    return oriel_config_int(config, GROUP, "max-desktops", 1, 1000, &settings->max_desktops,
                            error) &&
           oriel_config_int(config, GROUP, "memory-reserve", 0, 1 << 20,
                            &settings->memory_reserve_mib, error) &&
           oriel_config_int(config, GROUP, "disk-reserve", 0, 1 << 24, &settings->disk_reserve_mib,
                            error) &&
           oriel_config_int(config, GROUP, "answer-timeout", 0, 3600, &settings->answer_timeout_s,
                            error) &&
           oriel_config_int(config, GROUP, "agent-wait", 0, 86400, &settings->agent_wait_s,
                            error) &&
           oriel_config_int(config, GROUP, "start-timeout", 0, 86400, &settings->start_timeout_s,
                            error) &&
           oriel_config_int(config, GROUP, "stop-timeout", 0, 3600, &settings->stop_timeout_s,
                            error);
}

static gboolean
read_words(GKeyFile *config, HostSettings *settings, GError **error)
{
    static const char *const accelerators[] = {"auto", "kvm", "tcg", NULL};
    static const char *const providers[] = {"qemu", "simulated", NULL};
    static const char *const networks[] = {"isolated", "nat", NULL};
    g_autofree char *network = oriel_config_string(config, GROUP, "network", "isolated");
    settings->provider = oriel_config_string(config, GROUP, "provider", "qemu");
    settings->simulated_script = oriel_config_string(config, GROUP, "simulated-script", "");
    settings->accelerator = oriel_config_string(config, GROUP, "accelerator", "auto");
    settings->network = g_str_equal(network, "nat");
    return word_is_one_of("provider", settings->provider, providers, error) &&
           word_is_one_of("accelerator", settings->accelerator, accelerators, error) &&
           word_is_one_of("network", network, networks, error);
}

/* A program of ours beside this one when it is there (one prefix, or a build tree), else in PATH.
 */
static char *
find_program(const char *name, const char *build_folder)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *folder = g_path_get_dirname(self != NULL ? self : "/");
    g_autofree char *beside = g_build_filename(folder, name, NULL);
    g_autofree char *build_tree = g_build_filename(folder, "..", build_folder, name, NULL);
    if (g_file_test(beside, G_FILE_TEST_IS_EXECUTABLE))
        return g_steal_pointer(&beside);
    if (g_file_test(build_tree, G_FILE_TEST_IS_EXECUTABLE))
        return g_canonicalize_filename(build_tree, NULL);
    return g_strdup(name);
}

/* The command line over the file over the built-in; always absolute. */
static char *
choose_path(GKeyFile *config, const char *key, const char *option, const char *fallback)
{
    g_autofree char *configured = oriel_config_string(config, GROUP, key, fallback);
    return g_canonicalize_filename(option != NULL ? option : configured, NULL);
}

static void
read_paths(GKeyFile *config, const HostOptions *options, HostSettings *settings)
{
    g_autofree char *display = find_program("oriel-display", "display");
    g_autofree char *net = find_program("oriel-net", "net");
    settings->state_dir =
        choose_path(config, "state-dir", options->state_dir, "/var/lib/oriel/host");
    settings->run_dir = choose_path(config, "run-dir", options->run_dir, "/run/oriel/host");
    settings->socket = choose_path(config, "socket", options->socket, "/run/oriel/host.sock");
    settings->display_program = oriel_config_string(config, GROUP, "display-program", display);
    settings->net_program = oriel_config_string(config, GROUP, "net-program", net);
    settings->qemu_program =
        oriel_config_string(config, GROUP, "qemu-program", "qemu-system-x86_64");
    settings->qemu_img_program = oriel_config_string(config, GROUP, "qemu-img-program", "qemu-img");
    settings->dbus_program = oriel_config_string(config, GROUP, "dbus-program", "dbus-daemon");
    settings->name = oriel_config_string(config, GROUP, "name", g_get_host_name());
}

HostSettings *
host_settings_load(const HostOptions *options, GError **error)
{
    const char *path = options->config != NULL ? options->config : ORIEL_SYSCONFDIR "/host.conf";
    g_autoptr(GKeyFile) config =
        oriel_config_load(path, options->config != NULL, known_keys, error);
    if (config == NULL)
        return NULL;
    g_autoptr(HostSettings) settings = g_new0(HostSettings, 1);
    read_paths(config, options, settings);
    if (!read_words(config, settings, error) || !read_numbers(config, settings, error) ||
        !read_group(config, settings, error))
        return NULL;
    if (strlen(settings->run_dir) > MAX_RUN_DIR) {
        g_set_error(
            error, ORIEL_ERROR, ORIEL_ERROR_INVALID,
            "The run folder's path “%s” is too long for sockets in it: %d bytes are the most.",
            settings->run_dir, MAX_RUN_DIR);
        return NULL;
    }
    return g_steal_pointer(&settings);
}

void
host_settings_free(HostSettings *settings)
{
    if (settings == NULL)
        return;
    g_free(settings->name);
    g_free(settings->state_dir);
    g_free(settings->run_dir);
    g_free(settings->socket);
    g_free(settings->display_program);
    g_free(settings->net_program);
    g_free(settings->qemu_program);
    g_free(settings->qemu_img_program);
    g_free(settings->dbus_program);
    g_free(settings->provider);
    g_free(settings->simulated_script);
    g_free(settings->accelerator);
    g_free(settings);
}
