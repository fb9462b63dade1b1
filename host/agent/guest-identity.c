/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest-identity.h"

#include "common/error.h"
#include "host/agent/guest-exec.h"
#include "host/agent/line-stream.h"

#include <string.h>
#include <sys/random.h>

#define PROGRAM    "/usr/lib/oriel-guest/identity"
#define TIMEOUT_MS 20000
#define HOME_MS    120000 /* with a damaged home that is checked */
#define PROBE_MS   5000
#define MAX_LINE   4096
#define SEED_BYTES 64

/* For guests without our program: what a shell can do. It reads the same lines. */
static const char fallback[] =
    "while IFS='=' read -r name value; do\n"
    "  case $name in hostname|machine_id|boot_id|mac|time|seed) eval \"$name=\\$value\" ;; esac\n"
    "done\n"
    "date -u -s \"@${time%.*}\" >/dev/null || { echo 'the clock cannot be set'; exit 1; }\n"
    "printf %s \"$seed\" > /dev/urandom || { echo 'no seed'; exit 1; }\n"
    "echo \"$hostname\" > /proc/sys/kernel/hostname && echo \"$hostname\" > /etc/hostname ||\n"
    "  { echo 'the host name cannot be set'; exit 1; }\n"
    "[ ! -e /etc/machine-id ] || echo \"$machine_id\" > /etc/machine-id ||\n"
    "  { echo 'the machine id cannot be written'; exit 1; }\n"
    "if [ -f /var/lib/dbus/machine-id ] && [ ! -h /var/lib/dbus/machine-id ]; then\n"
    "  echo \"$machine_id\" > /var/lib/dbus/machine-id; fi\n"
    "echo \"$boot_id\" > /run/oriel-boot-id && chmod 444 /run/oriel-boot-id &&\n"
    "  mount --bind /run/oriel-boot-id /proc/sys/kernel/random/boot_id ||\n"
    "  { echo 'the boot id cannot be replaced'; exit 1; }\n"
    "for device in /sys/class/net/*; do\n"
    "  [ -e \"$device/device\" ] && [ \"$(cat \"$device/type\")\" = 1 ] || continue\n"
    "  name=${device##*/}\n"
    "  ip link set dev \"$name\" down; ip address flush dev \"$name\"\n"
    "  ip link set dev \"$name\" address \"$mac\" || { echo 'the MAC cannot be set'; exit 1; }\n"
    "  ip link set dev \"$name\" up; break\n"
    "done\n"
    "rm -f /run/systemd/netif/leases/* /var/lib/dhcp/*.leases /var/lib/NetworkManager/*.lease\n"
    "if [ -n \"$(ls /etc/ssh/ssh_host_*_key 2>/dev/null)\" ]; then\n"
    "  rm -f /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub\n"
    "  ssh-keygen -A >/dev/null 2>&1; systemctl try-restart ssh sshd >/dev/null 2>&1\n"
    "fi\n"
    "(systemctl --no-block try-restart systemd-networkd NetworkManager) >/dev/null 2>&1 &\n"
    "sync\n"
    "exit 0\n";

struct GuestIdentity {
    char *id; /* NULL: it only asks */
    GuestExec *exec;
    LineStream *port;
    guint timer;
    gboolean falling_back, gives_home;
    GuestIdentityNamed named; /* NULL: there is no home to be given */
    GuestIdentityDone done;
    gpointer user;
};

char *
guest_identity_mac(const char *id)
{
    g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, id, -1);
    /* 52:54 is QEMU's, locally administered. */
    return g_strdup_printf("52:54:%.2s:%.2s:%.2s:%.2s", sum, sum + 2, sum + 4, sum + 6);
}

static char *
random_hex(gsize bytes)
{
    guint8 data[SEED_BYTES];
    GString *text = g_string_new(NULL);
    g_assert(bytes <= sizeof data);
    for (gsize i = 0; i < bytes; i++) /* what getrandom() could not give, in the worst case */
        data[i] = (guint8)g_random_int();
    if (getrandom(data, bytes, 0) < 0)
        g_warning("The kernel gives no random numbers.");
    for (gsize i = 0; i < bytes; i++)
        g_string_append_printf(text, "%02x", data[i]);
    explicit_bzero(data, sizeof data);
    return g_string_free(text, FALSE);
}

char *
guest_identity_text(const char *id, gint64 real_time_us)
{
    g_autofree char *mac = guest_identity_mac(id);
    g_autofree char *machine_id = random_hex(16);
    g_autofree char *boot_id = g_uuid_string_random();
    g_autofree char *seed = random_hex(SEED_BYTES);
    return g_strdup_printf("time=%" G_GINT64_FORMAT ".%06d\nseed=%s\nhostname=oriel-%.8s\n"
                           "machine_id=%s\nboot_id=%s\nmac=%s\n",
                           real_time_us / G_USEC_PER_SEC, (int)(real_time_us % G_USEC_PER_SEC),
                           seed, id, machine_id, boot_id, mac);
}

static void run(GuestIdentity *identity);

static void
on_done(int exit_code, const char *output, const GError *error, gpointer user)
{
    GuestIdentity *identity = user;
    g_autoptr(GError) failure = NULL;
    if (g_error_matches(error, ORIEL_ERROR, ORIEL_ERROR_NOT_FOUND) && !identity->falling_back) {
        identity->falling_back = TRUE;
        run(identity);
        return;
    }
    g_autofree char *complaint = g_strndup(output, 300);
    g_strdelimit(g_strstrip(complaint), "\n\r\t", ' ');
    if (error != NULL)
        failure =
            g_error_new(ORIEL_ERROR, (int)error->code,
                        "The guest could not be given an identity of its own: %s", error->message);
    else if (exit_code != 0)
        failure =
            g_error_new(ORIEL_ERROR, ORIEL_ERROR_FAILED,
                        "The guest could not be given an identity of its own: %s (status %d).",
                        complaint[0] != '\0' ? complaint : "it did not say why", exit_code);
    identity->done(failure, identity->user);
}

static void
run(GuestIdentity *identity)
{
    const char *const own[] = {PROGRAM, NULL};
    const char *const shell[] = {"/bin/sh", "-c", fallback, NULL};
    g_autofree char *text = guest_identity_text(identity->id, g_get_real_time());
    guest_exec_run(identity->exec, identity->falling_back ? shell : own, text, TIMEOUT_MS, on_done,
                   identity);
}

/* --- the program that waits at its port
 * ---------------------------------------------------------------------- */

static void
finish_port(GuestIdentity *identity, OrielError code, const char *problem)
{
    g_autoptr(GError) error = NULL;
    if (identity->timer == 0) /* it was told */
        return;
    g_clear_handle_id(&identity->timer, g_source_remove);
    if (problem != NULL)
        error = g_error_new(ORIEL_ERROR, (int)code,
                            "The guest could not be given an identity of its own: %s", problem);
    identity->done(error, identity->user);
}

static void
on_line(LineStream *stream, char *text, gsize length, gpointer user)
{
    static const char failed[] = "failed ";
    GuestIdentity *identity = user;
    if (identity->id == NULL && g_str_has_prefix(text, "waiting")) {
        identity->gives_home = g_str_equal(text, "waiting, gives homes");
        finish_port(identity, 0, NULL);
    } else if (identity->id != NULL && g_str_equal(text, "done")) {
        finish_port(identity, 0, NULL);
    } else if (identity->named != NULL && g_str_equal(text, "named")) {
        identity->named(identity->user);
    } else if (g_str_has_prefix(text, failed)) {
        g_autofree char *problem = g_utf8_make_valid(text + sizeof failed - 1, -1);
        finish_port(identity, ORIEL_ERROR_FAILED, problem);
    }
}

static void
on_closed(LineStream *stream, const GError *error, gpointer user)
{
    GuestIdentity *identity = user;
    g_clear_pointer(&identity->port, line_stream_free);
    finish_port(identity, ORIEL_ERROR_UNAVAILABLE, "its port was closed.");
}

static const LineStreamEvents stream_events = {.line = on_line, .closed = on_closed};

static gboolean
on_timeout(gpointer user)
{
    /* The source goes with the answer. */
    finish_port(user, ORIEL_ERROR_TIMEOUT, "it did not answer in time.");
    return G_SOURCE_CONTINUE;
}

static void
say(GuestIdentity *identity, const char *text, guint timeout_ms)
{
    identity->timer = g_timeout_add(timeout_ms, on_timeout, identity);
    if (identity->port != NULL)
        line_stream_send(identity->port, text);
}

gboolean
guest_identity_gives_home(const GuestIdentity *identity)
{
    return identity->gives_home;
}

void
guest_identity_ask_home(GuestIdentity *identity, GuestIdentityNamed named)
{
    identity->named = named;
}

void
guest_identity_begin(GuestIdentity *identity)
{
    if (identity->exec != NULL) {
        run(identity);
        return;
    }
    /* The line end that is added makes the empty line that ends it. */
    g_autofree char *text = guest_identity_text(identity->id, g_get_real_time());
    g_autofree char *all = g_strconcat(text, identity->named != NULL ? "home=1\n" : "", NULL);
    say(identity, all, identity->named != NULL ? HOME_MS : TIMEOUT_MS);
}

GuestIdentity *
guest_identity_new(const char *socket_path, gboolean waits, const char *id, GuestIdentityDone done,
                   gpointer user, GError **error)
{
    GuestIdentity *identity = g_new0(GuestIdentity, 1);
    identity->id = g_strdup(id);
    identity->done = done;
    identity->user = user;
    if (waits)
        identity->port =
            line_stream_connect(socket_path, MAX_LINE, &stream_events, identity, error);
    else
        identity->exec = guest_exec_new(socket_path, error);
    if (identity->port == NULL && identity->exec == NULL)
        g_clear_pointer(&identity, guest_identity_free);
    return identity;
}

GuestIdentity *
guest_identity_probe(const char *socket_path, GuestIdentityDone done, gpointer user, GError **error)
{
    GuestIdentity *identity = guest_identity_new(socket_path, TRUE, NULL, done, user, error);
    if (identity != NULL)
        say(identity, "hello", PROBE_MS);
    return identity;
}

void
guest_identity_free(GuestIdentity *identity)
{
    if (identity == NULL)
        return;
    g_clear_handle_id(&identity->timer, g_source_remove);
    line_stream_free(identity->port);
    guest_exec_free(identity->exec);
    g_free(identity->id);
    g_free(identity);
}
