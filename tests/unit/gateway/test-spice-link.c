/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/gateway/spice-key.h"
#include "broker/gateway/spice-link.h"

#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#define MUTATIONS 20000

/* "REDQ", version 2.2, then the message: main channel of a new session, one common word (auth
 * selection, spice, mini header). */
static const guint8 request_bytes[] = {'R', 'E', 'D', 'Q', 2, 0, 0,  0, 2, 0, 0, 0, 26, 0,
                                       0,   0,   0,   0,   0, 0, 1,  0, 1, 0, 0, 0, 1,  0,
                                       0,   0,   18,  0,   0, 0, 11, 0, 0, 0, 9, 0, 0,  0};

static GByteArray *
make_reply(guint32 caps)
{
    g_autoptr(GBytes) error = spice_link_reply_error(SPICE_LINK_OK);
    GByteArray *reply = g_byte_array_new();
    gsize size;
    const guint8 *data = g_bytes_get_data(error, &size);

    g_byte_array_append(reply, data, size);
    caps = GUINT32_TO_LE(caps);
    g_byte_array_append(reply, (guint8 *)&caps, sizeof caps);
    reply->data[12] += 4;     /* the header's size */
    reply->data[size - 12]++; /* one common word */
    return reply;
}

static void
test_request(void)
{
    SpiceLinkRequest request;

    g_assert_cmpint(spice_link_request_parse(request_bytes, sizeof request_bytes, &request), ==,
                    SPICE_LINK_GOOD);
    g_assert_cmpuint(request.size, ==, sizeof request_bytes);
    g_assert_cmpuint(request.connection, ==, 0);
    g_assert_cmpuint(request.channel_type, ==, 1);
    g_assert_true(request.auth_selection);
    for (gsize size = 0; size < sizeof request_bytes; size++) {
        g_autofree guint8 *part = g_memdup2(request_bytes, MAX(size, 1));
        g_assert_cmpint(spice_link_request_parse(part, size, &request), ==, SPICE_LINK_MORE);
    }
}

static void
assert_malformed(gsize at, guint8 value)
{
    guint8 copy[sizeof request_bytes];
    SpiceLinkRequest request;

    memcpy(copy, request_bytes, sizeof copy);
    copy[at] = value;
    g_assert_cmpint(spice_link_request_parse(copy, sizeof copy, &request), ==,
                    SPICE_LINK_MALFORMED);
}

static void
test_malformed(void)
{
    assert_malformed(0, 'X');   /* magic */
    assert_malformed(4, 1);     /* major version */
    assert_malformed(12, 17);   /* shorter than the fixed part */
    assert_malformed(15, 0x80); /* two gigabytes */
    assert_malformed(22, 2);    /* a word too many */
    assert_malformed(25, 0xff); /* a count that overflows 32 bits times 4 */
    assert_malformed(29, 0xff);
    assert_malformed(30, 17); /* words inside the fixed part */
    assert_malformed(30, 27); /* words past the end */
    assert_malformed(33, 0xff);
}

static void
test_reply(void)
{
    g_autoptr(GByteArray) bytes = make_reply(1 | 2 | 4 | 8);
    guint8 key[SPICE_LINK_KEY_SIZE];
    SpiceLinkReplyInfo reply;

    memset(key, 0x5a, sizeof key);
    g_assert_cmpint(spice_link_reply_parse(bytes->data, bytes->len, &reply), ==, SPICE_LINK_GOOD);
    g_assert_true(reply.auth_selection);
    spice_link_reply_replace(bytes->data, key);
    g_assert_cmpint(spice_link_reply_parse(bytes->data, bytes->len, &reply), ==, SPICE_LINK_GOOD);
    g_assert_cmpmem(reply.key, sizeof reply.key, key, sizeof key);
    /* SASL is not offered any more, the rest is */
    g_assert_cmpuint(bytes->data[bytes->len - 4], ==, 1 | 2 | 8);
}

static void
test_error_reply(void)
{
    g_autoptr(GBytes) bytes = spice_link_reply_error(SPICE_LINK_DENIED);
    SpiceLinkReplyInfo reply;
    gsize size;
    const guint8 *data = g_bytes_get_data(bytes, &size);

    g_assert_cmpint(spice_link_reply_parse(data, size, &reply), ==, SPICE_LINK_GOOD);
    g_assert_cmpuint(reply.error, ==, SPICE_LINK_DENIED);
    g_assert_cmpuint(reply.size, ==, size);
}

static void
test_framing(void)
{
    /* two messages with a mini header: 3 bytes, none */
    static const guint8 bytes[] = {1, 0, 3, 0, 0, 0, 'a', 'b', 'c', 2, 0, 0, 0, 0, 0};

    for (gsize piece = 1; piece <= sizeof bytes; piece++) {
        SpiceFraming framing = {.mini_header = TRUE};
        gsize at = 0, ends_at[2] = {0}, count = 0;
        while (at < sizeof bytes) {
            gboolean ends;
            at += spice_framing_next(&framing, bytes + at, MIN(piece, sizeof bytes - at), &ends);
            if (ends)
                ends_at[count++] = at;
        }
        g_assert_cmpuint(count, ==, 2);
        g_assert_cmpuint(ends_at[0], ==, 9);
        g_assert_cmpuint(ends_at[1], ==, 15);
    }
}

/* Random damage: whatever comes out, nothing is read or written past the end (this runs under ASan
 * too). */
static void
test_mutations(void)
{
    g_autoptr(GByteArray) reply = make_reply(0xf);
    guint8 key[SPICE_LINK_KEY_SIZE] = {0};

    for (guint i = 0; i < MUTATIONS; i++) {
        gboolean is_reply = g_test_rand_bit();
        const guint8 *seed = is_reply ? reply->data : request_bytes;
        gsize size = is_reply ? reply->len : sizeof request_bytes;
        g_autofree guint8 *copy = g_memdup2(seed, size);
        union {
            SpiceLinkRequest request;
            SpiceLinkReplyInfo reply;
        } out;

        for (gint changes = g_test_rand_int_range(1, 5); changes > 0; changes--)
            copy[g_test_rand_int_range(4, MIN(size, 40))] = g_test_rand_int_range(0, 256);
        gsize shown = g_test_rand_bit() ? size : (gsize)g_test_rand_int_range(0, size + 1);
        g_autofree guint8 *exact = g_memdup2(copy, MAX(shown, 1));
        if (!is_reply)
            spice_link_request_parse(exact, shown, &out.request);
        else if (spice_link_reply_parse(exact, shown, &out.reply) == SPICE_LINK_GOOD)
            spice_link_reply_replace(exact, key);
    }
}

static void
test_key(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SpiceKey) key = spice_key_new(&error);
    guint8 ticket[SPICE_LINK_TICKET_SIZE];

    g_assert_no_error(error);
    g_assert_true(spice_key_encrypt_empty(spice_key_public(key), ticket));
    g_autofree char *password = spice_key_decrypt(key, ticket);
    g_assert_cmpstr(password, ==, "");
    ticket[5] ^= 1;
    g_assert_null(spice_key_decrypt(key, ticket));
    memset(ticket, 0, sizeof ticket);
    g_assert_null(spice_key_decrypt(key, ticket));
    memset(ticket, 0xff, sizeof ticket);
    g_assert_null(spice_key_decrypt(key, ticket));
}

static void
test_foreign_key(void)
{
    guint8 key[SPICE_LINK_KEY_SIZE] = {0};
    guint8 ticket[SPICE_LINK_TICKET_SIZE];

    g_assert_false(spice_key_encrypt_empty(key, ticket));
    for (guint i = 0; i < 200; i++) {
        for (gsize at = 0; at < sizeof key; at++)
            key[at] = g_test_rand_int_range(0, 256);
        g_assert_false(spice_key_encrypt_empty(key, ticket));
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/gateway/spice-link/request", test_request);
    g_test_add_func("/gateway/spice-link/malformed", test_malformed);
    g_test_add_func("/gateway/spice-link/reply", test_reply);
    g_test_add_func("/gateway/spice-link/error-reply", test_error_reply);
    g_test_add_func("/gateway/spice-link/framing", test_framing);
    g_test_add_func("/gateway/spice-link/mutations", test_mutations);
    g_test_add_func("/gateway/spice-key/round-trip", test_key);
    g_test_add_func("/gateway/spice-key/foreign-key", test_foreign_key);
    return g_test_run();
}
