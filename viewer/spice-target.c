/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "viewer/spice-target.h"

#include "oriel-config.h"

#include "common/error.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <string.h>

#define MAX_FIELD 1024
#define MAX_CA    (256 * 1024)

static gboolean
is_text(const char *text, gsize maximum)
{
    if (strlen(text) > maximum || !g_utf8_validate(text, -1, NULL))
        return FALSE;
    for (const char *c = text; *c; c++) {
        if (g_ascii_iscntrl(*c))
            return FALSE;
    }
    return TRUE;
}

static gboolean
invalid(GError **error, const char *field)
{
    g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_INVALID,
                _("The connection cannot be opened: its “%s” is missing or not valid."), field);
    return FALSE;
}

static gboolean
is_host(const char *host)
{
    return *host && is_text(host, 255) && !strpbrk(host, " /@?#\\\"'");
}

/* Only a plain CONNECT proxy with host and port makes sense here. */
static gboolean
is_proxy(const char *proxy)
{
    g_autoptr(GUri) uri =
        is_text(proxy, MAX_FIELD) ? g_uri_parse(proxy, G_URI_FLAGS_NONE, NULL) : NULL;
    return uri &&
           (strcmp(g_uri_get_scheme(uri), "http") == 0 ||
            strcmp(g_uri_get_scheme(uri), "https") == 0) &&
           g_uri_get_host(uri) && *g_uri_get_host(uri) && !g_uri_get_userinfo(uri) &&
           !g_uri_get_query(uri);
}

static gboolean
is_pem(const char *ca)
{
    if (strlen(ca) > MAX_CA)
        return FALSE;
    g_autoptr(GTlsCertificate) certificate = g_tls_certificate_new_from_pem(ca, -1, NULL);
    return certificate != NULL;
}

gboolean
spice_target_check(const SpiceTarget *target, GError **error)
{
    if (!target->host || !is_host(target->host))
        return invalid(error, "host");
    if (target->port == 0 && target->tls_port == 0)
        return invalid(error, "tls-port");
    if (target->password && !is_text(target->password, 256))
        return invalid(error, "password");
    if (target->proxy && !is_proxy(target->proxy))
        return invalid(error, "proxy");
    if (target->ca && !is_pem(target->ca))
        return invalid(error, "ca");
    if (target->host_subject &&
        (!*target->host_subject || !is_text(target->host_subject, MAX_FIELD)))
        return invalid(error, "host-subject");
    if (target->title && !is_text(target->title, MAX_FIELD))
        return invalid(error, "title");
    return TRUE;
}

static char *
string_of(const json_t *answer, const char *key)
{
    return g_strdup(json_string_value(json_object_get(answer, key)));
}

SpiceTarget *
spice_target_from_json(const json_t *answer, GError **error)
{
    g_autoptr(SpiceTarget) target = g_new0(SpiceTarget, 1);
    json_int_t tls_port = json_integer_value(json_object_get(answer, "tls_port"));
    g_autoptr(GError) problem = NULL;

    target->host = string_of(answer, "host");
    target->tls_port = tls_port > 0 && tls_port <= G_MAXUINT16 ? (guint16)tls_port : 0;
    target->password = string_of(answer, "ticket");
    target->proxy = string_of(answer, "proxy");
    target->ca = string_of(answer, "ca");
    target->host_subject = string_of(answer, "host_subject");
    if (!target->ca || !target->password) {
        g_set_error_literal(&problem, ORIEL_ERROR, ORIEL_ERROR_INVALID, "no ca or ticket");
    }
    if (problem || !spice_target_check(target, &problem)) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_PROTOCOL,
                    _("The broker's answer to the request for a connection is not usable (%s)."),
                    problem->message);
        return NULL;
    }
    return g_steal_pointer(&target);
}

void
spice_target_reach(SpiceTarget *target, const char *name, const char *peer)
{
    g_autoptr(GUri) uri = target->proxy && target->host_subject && peer
                              ? g_uri_parse(target->proxy, G_URI_FLAGS_NONE, NULL)
                              : NULL;

    if (!uri || !g_uri_get_host(uri) || g_ascii_strcasecmp(g_uri_get_host(uri), name) != 0)
        return;
    g_free(target->proxy);
    target->proxy = g_uri_join(G_URI_FLAGS_NONE, g_uri_get_scheme(uri), NULL, peer,
                               g_uri_get_port(uri), "", NULL, NULL);
}

void
spice_target_free(SpiceTarget *target)
{
    if (!target)
        return;
    if (target->password)
        explicit_bzero(target->password, strlen(target->password));
    g_free(target->host);
    g_free(target->password);
    g_free(target->proxy);
    g_free(target->ca);
    g_free(target->host_subject);
    g_free(target->title);
    g_free(target);
}
