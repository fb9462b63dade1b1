/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/known-brokers.h"

#include "oriel-config.h"

#include "common/error.h"
#include "common/tls.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <string.h>

#define KEY_AUTHORITY   "authority"
#define KEY_FINGERPRINT "fingerprint"
/* Some hundred brokers with a 4 KiB authority each; more is no file of ours. */
#define MAX_FILE (4 * 1024 * 1024)

struct KnownBrokers {
    char *path;
};

/* GKeyFile ends a group's name at ']', so an IPv6 address is kept with '(' and ')'. */
static char *
group_of(const OrielUri *broker)
{
    return g_strdelimit(g_strdelimit(g_strdup(oriel_uri_address(broker)), "[", '('), "]", ')');
}

KnownBrokers *
known_brokers_new(const char *path)
{
    KnownBrokers *known = g_new0(KnownBrokers, 1);
    known->path = path ? g_strdup(path)
                       : g_build_filename(g_get_user_config_dir(), "oriel", "known-brokers", NULL);
    return known;
}

void
known_brokers_free(KnownBrokers *known)
{
    if (!known)
        return;
    g_free(known->path);
    g_free(known);
}

/* The file as it is now; empty when there is none; NULL when it cannot be trusted to say
 * everything. */
static GKeyFile *
load(KnownBrokers *known, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autofree char *text = NULL;
    g_autoptr(GError) problem = NULL;
    gsize length = 0;
    GStatBuf status;

    if (g_stat(known->path, &status) == 0 && status.st_size > MAX_FILE)
        problem = g_error_new_literal(ORIEL_ERROR, ORIEL_ERROR_INVALID, "it is too large");
    else if (!g_file_get_contents(known->path, &text, &length, &problem)) {
        if (g_error_matches(problem, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            return g_steal_pointer(&file);
    } else if (length == 0 ||
               g_key_file_load_from_data(file, text, length, G_KEY_FILE_KEEP_COMMENTS, &problem)) {
        return g_steal_pointer(&file);
    }
    g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED,
                _("The list of known brokers, %s, cannot be read: %s."), known->path,
                problem->message);
    return NULL;
}

static gboolean
save(KnownBrokers *known, GKeyFile *file, GError **error)
{
    g_autofree char *directory = g_path_get_dirname(known->path);
    g_autoptr(GError) problem = NULL;
    if (g_mkdir_with_parents(directory, 0700) < 0) {
        int code = errno;
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED, _("The folder %s cannot be made: %s."),
                    directory, g_strerror(code));
        return FALSE;
    }
    gsize length;
    g_autofree char *text = g_key_file_to_data(file, &length, NULL);
    if (!g_file_set_contents_full(known->path, text, (gssize)length,
                                  G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
                                  0600, &problem)) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED,
                    _("The list of known brokers cannot be saved: %s."), problem->message);
        return FALSE;
    }
    return TRUE;
}

static GTlsCertificateFlags
system_verify(const OrielUri *broker, GTlsCertificate *chain)
{
    g_autoptr(GTlsDatabase) database =
        g_tls_backend_get_default_database(g_tls_backend_get_default());
    if (!database)
        return G_TLS_CERTIFICATE_UNKNOWN_CA;
    g_autoptr(GSocketConnectable) identity =
        g_network_address_new(oriel_uri_host(broker), oriel_uri_port(broker));
    g_autoptr(GError) error = NULL;
    GTlsCertificateFlags flags =
        g_tls_database_verify_chain(database, chain, G_TLS_DATABASE_PURPOSE_AUTHENTICATE_SERVER,
                                    identity, NULL, G_TLS_DATABASE_VERIFY_NONE, NULL, &error);
    return error ? G_TLS_CERTIFICATE_GENERIC_ERROR : flags;
}

static char *
refusal(const OrielUri *broker, const char *remembered, GTlsCertificate *chain,
        GTlsCertificateFlags flags)
{
    const char *name = oriel_uri_display(broker);
    g_autofree char *shown = tls_fingerprint(chain);

    if (flags & G_TLS_CERTIFICATE_UNKNOWN_CA)
        return g_strdup_printf(_("The certificate that %s shows was not signed by the authority "
                                 "that this computer remembers for it. "
                                 "Somebody may be listening in, or the broker was set up anew. Ask "
                                 "your administrator.\n"
                                 "Remembered: %s\nShown now: %s"),
                               name, remembered, shown);
    if (flags & G_TLS_CERTIFICATE_BAD_IDENTITY)
        return g_strdup_printf(_("The certificate that %s shows was made for another host name.\n"
                                 "Remembered: %s\nShown now: %s"),
                               name, remembered, shown);
    return g_strdup_printf(_("The certificate that %s shows does not pass the checks.\n"
                             "Remembered: %s\nShown now: %s"),
                           name, remembered, shown);
}

static char *
out_of_date(const OrielUri *broker, GTlsCertificate *chain)
{
    g_autoptr(GDateTime) from = g_tls_certificate_get_not_valid_before(chain);
    g_autoptr(GDateTime) until = g_tls_certificate_get_not_valid_after(chain);
    g_autofree char *first = from ? g_date_time_format(from, "%F %R UTC") : g_strdup("?");
    g_autofree char *last = until ? g_date_time_format(until, "%F %R UTC") : g_strdup("?");
    g_autofree char *shown = tls_fingerprint(chain);
    return g_strdup_printf(_("The certificate that %s shows is valid from %s to %s only. Is the "
                             "clock of this computer "
                             "right?\nShown now: %s"),
                           oriel_uri_display(broker), first, last, shown);
}

static BrokerTrust
decide_remembered(const OrielUri *broker, GTlsCertificate *chain, GKeyFile *file, const char *group,
                  char **why)
{
    g_autofree char *remembered = g_key_file_get_string(file, group, KEY_FINGERPRINT, NULL);
    g_autofree char *pem = g_key_file_get_string(file, group, KEY_AUTHORITY, NULL);
    g_autofree char *shown = tls_fingerprint(chain);
    if (remembered && strcmp(remembered, shown) == 0)
        return BROKER_TRUST_TRUSTED;

    g_autoptr(GTlsCertificate) authority =
        pem ? g_tls_certificate_new_from_pem(pem, -1, NULL) : NULL;
    GTlsCertificateFlags flags = authority
                                     ? tls_chain_verify(chain, authority, oriel_uri_host(broker))
                                     : G_TLS_CERTIFICATE_UNKNOWN_CA;
    if (flags == 0)
        return BROKER_TRUST_TRUSTED;
    *why = refusal(broker, remembered ? remembered : "?", chain, flags);
    return BROKER_TRUST_REFUSED;
}

BrokerTrust
known_brokers_decide(KnownBrokers *known, const OrielUri *broker, GTlsCertificate *chain,
                     char **why)
{
    g_autofree char *group = group_of(broker), *reason = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(GKeyFile) file = load(known, &error);
    BrokerTrust trust;

    if (!file) {
        reason = g_strdup(error->message);
        trust = BROKER_TRUST_REFUSED;
    } else if (!tls_certificate_in_date(chain)) {
        reason = out_of_date(broker, chain);
        trust = BROKER_TRUST_REFUSED;
    } else if (g_key_file_has_group(file, group)) {
        trust = decide_remembered(broker, chain, file, group, &reason);
    } else {
        trust = system_verify(broker, chain) == 0 ? BROKER_TRUST_TRUSTED : BROKER_TRUST_UNKNOWN;
    }
    if (why)
        *why = g_steal_pointer(&reason);
    return trust;
}

gboolean
known_brokers_remember(KnownBrokers *known, const OrielUri *broker, GTlsCertificate *chain,
                       GError **error)
{
    g_autoptr(GKeyFile) file = load(known, error);
    if (!file)
        return FALSE;
    g_autofree char *group = group_of(broker), *fingerprint = tls_fingerprint(chain), *pem = NULL;
    g_object_get(tls_chain_authority(chain), "certificate-pem", &pem, NULL);
    g_key_file_set_string(file, group, KEY_AUTHORITY, pem);
    g_key_file_set_string(file, group, KEY_FINGERPRINT, fingerprint);
    return save(known, file, error);
}
