/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/tls.h"

#include <string.h>

#define DIGEST_SIZE 32

static char *
format_digest(const guint8 *digest)
{
    GString *text = g_string_sized_new(DIGEST_SIZE * 3);
    for (guint i = 0; i < DIGEST_SIZE; i++)
        g_string_append_printf(text, "%s%02X", i ? ":" : "", digest[i]);
    return g_string_free(text, FALSE);
}

char *
tls_fingerprint(GTlsCertificate *certificate)
{
    g_autoptr(GByteArray) der = NULL;
    g_object_get(certificate, "certificate", &der, NULL);
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    if (der)
        g_checksum_update(checksum, der->data, der->len);
    guint8 digest[DIGEST_SIZE];
    gsize length = sizeof digest;
    g_checksum_get_digest(checksum, digest, &length);
    return format_digest(digest);
}

char *
tls_fingerprint_normalise(const char *text)
{
    guint8 digest[DIGEST_SIZE];
    guint filled = 0;

    if (g_ascii_strncasecmp(text, "SHA256:", 7) == 0)
        text += 7;
    while (*text) {
        if (g_ascii_isspace(*text) || (*text == ':' && filled > 0)) {
            text++;
            continue;
        }
        if (filled == DIGEST_SIZE || !g_ascii_isxdigit(text[0]) || !g_ascii_isxdigit(text[1]))
            return NULL;
        digest[filled++] =
            (guint8)(g_ascii_xdigit_value(text[0]) * 16 + g_ascii_xdigit_value(text[1]));
        text += 2;
    }
    return filled == DIGEST_SIZE ? format_digest(digest) : NULL;
}

GTlsCertificate *
tls_chain_authority(GTlsCertificate *chain)
{
    GTlsCertificate *last = chain, *issuer;
    while ((issuer = g_tls_certificate_get_issuer(last)) != NULL)
        last = issuer;
    /* The sender wrote the chain: an issuer that did not sign this leaf is none. Dates are judged
     * elsewhere. */
    GTlsCertificateFlags flags = tls_chain_verify(chain, last, NULL);
    flags &= ~(G_TLS_CERTIFICATE_EXPIRED | G_TLS_CERTIFICATE_NOT_ACTIVATED);
    return flags == 0 ? last : chain;
}

/* Peer certificates carry the issuers that came with them, wrong ones too; the check shall use
 * those that fit. */
GTlsCertificateFlags
tls_chain_verify(GTlsCertificate *chain, GTlsCertificate *authority, const char *host)
{
    g_autoptr(GSocketConnectable) identity = host ? g_network_address_new(host, 0) : NULL;
    return g_tls_certificate_verify(chain, identity, authority);
}

gboolean
tls_certificate_in_date(GTlsCertificate *certificate)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autoptr(GDateTime) from = g_tls_certificate_get_not_valid_before(certificate);
    g_autoptr(GDateTime) until = g_tls_certificate_get_not_valid_after(certificate);
    return from && until && g_date_time_compare(from, now) <= 0 &&
           g_date_time_compare(now, until) < 0;
}
