/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/net/frame-filter.h"
#include "host/net/frame-reader.h"

#include <arpa/inet.h>
#include <string.h>

typedef struct {
    guint8 bytes[FRAME_MAX];
    gsize length;
} Frame;

enum { TCP = 6, UDP = 17, ICMP = 1, ICMPV6 = 58, DHCP = 67, DHCPV6 = 547 };

static void
put16(guint8 *at, guint value)
{
    at[0] = (guint8)(value >> 8);
    at[1] = (guint8)value;
}

/* A header of the protocol, with the port it goes to, and 12 bytes more. */
static gsize
put_payload(guint8 *at, guint protocol, guint port)
{
    put16(at + 2, port);
    if (protocol == UDP)
        put16(at + 4, 20);
    if (protocol == TCP)
        at[12] = 5 << 4;
    return protocol == TCP ? 32 : 20;
}

static Frame
to(const char *address, guint protocol, guint port)
{
    Frame frame = {.length = 14};
    guint8 *at = frame.bytes + 14;
    if (strchr(address, ':') == NULL) {
        gsize size = put_payload(at + 20, protocol, port);
        put16(frame.bytes + 12, 0x0800);
        at[0] = 0x45;
        at[9] = (guint8)protocol;
        put16(at + 2, (guint)(20 + size));
        g_assert_cmpint(inet_pton(AF_INET, address, at + 16), ==, 1);
        frame.length += 20 + size;
    } else {
        gsize size = put_payload(at + 40, protocol, port);
        put16(frame.bytes + 12, 0x86dd);
        at[0] = 0x60;
        at[6] = (guint8)protocol;
        put16(at + 4, (guint)size);
        g_assert_cmpint(inet_pton(AF_INET6, address, at + 24), ==, 1);
        frame.length += 40 + size;
    }
    return frame;
}

static gboolean
goes(const Frame *frame, FrameReach reach)
{
    /* Where the frame ends, its memory does: a read beyond shows under ASan. */
    g_autofree guint8 *copy = g_memdup2(frame->bytes, frame->length);
    return frame_filter(copy, frame->length, reach) == FRAME_TAKEN;
}

static void
expect(const char *address, guint protocol, guint port, gboolean outward, gboolean isolated)
{
    Frame frame = to(address, protocol, port);
    g_test_message("%s, protocol %u, port %u", address, protocol, port);
    g_assert_cmpint(goes(&frame, FRAME_OUTWARD), ==, outward);
    g_assert_cmpint(goes(&frame, FRAME_ISOLATED), ==, isolated);
}

static void
test_outside(void)
{
    static const char *const addresses[] = {"192.0.2.1", "10.0.2.2",        "10.0.2.3",
                                            "1.1.1.1",   "8.8.8.8",         "2001:db8::1",
                                            "fec0::3",   "64:ff9b::1.2.3.4"};
    for (gsize i = 0; i < G_N_ELEMENTS(addresses); i++) {
        gboolean six = strchr(addresses[i], ':') != NULL;
        expect(addresses[i], TCP, 443, TRUE, FALSE);
        expect(addresses[i], UDP, 53, TRUE, FALSE);
        expect(addresses[i], six ? ICMPV6 : ICMP, 0, TRUE, TRUE);
        expect(addresses[i], 47, 0, FALSE, FALSE);
    }
}

static void
test_inside(void)
{
    static const char *const addresses[] = {"127.0.0.1",
                                            "127.255.255.255",
                                            "0.0.0.0",
                                            "0.1.2.3",
                                            "169.254.169.254",
                                            "224.0.0.251",
                                            "239.1.1.1",
                                            "240.0.0.1",
                                            "255.255.255.255",
                                            "::1",
                                            "::",
                                            "::ffff:127.0.0.1",
                                            "::127.0.0.1",
                                            "::ffff:0:127.0.0.1",
                                            "fe80::1",
                                            "febf::1",
                                            "ff02::1",
                                            "ff02::fb",
                                            "ff05::1",
                                            "ff01::1"};
    for (gsize i = 0; i < G_N_ELEMENTS(addresses); i++) {
        expect(addresses[i], TCP, 80, FALSE, FALSE);
        expect(addresses[i], UDP, 53, FALSE, FALSE);
    }
}

static void
test_addresses_are_given(void)
{
    expect("255.255.255.255", UDP, DHCP, TRUE, TRUE);
    expect("10.0.2.2", UDP, DHCP, TRUE, TRUE);
    expect("ff02::1:2", UDP, DHCPV6, TRUE, TRUE);
    expect("ff02::2", ICMPV6, 0, TRUE, TRUE);
    expect("fe80::2", ICMPV6, 0, TRUE, TRUE);
    expect("ff05::2", ICMPV6, 0, FALSE, FALSE);
    expect("::1", ICMPV6, 0, FALSE, FALSE);
    Frame arp = {.length = 42};
    put16(arp.bytes + 12, 0x0806);
    g_assert_true(goes(&arp, FRAME_ISOLATED));
    arp.length--;
    g_assert_false(goes(&arp, FRAME_OUTWARD));
}

static void
test_fragments(void)
{
    Frame frame = to("192.0.2.1", UDP, 53);
    frame.bytes[14 + 6] = 0x20; /* more follow: so much of it may be elsewhere */
    put16(frame.bytes + 14 + 20 + 4, 3000);
    g_assert_true(goes(&frame, FRAME_OUTWARD));
    put16(frame.bytes + 14 + 6, 100); /* a later one begins with anything */
    memset(frame.bytes + 34, 0, 20);
    g_assert_true(goes(&frame, FRAME_OUTWARD));
    Frame dhcp = to("10.0.2.2", UDP, DHCP);
    dhcp.bytes[14 + 6] = 0x20;
    g_assert_false(goes(&dhcp, FRAME_ISOLATED));
    Frame inside = to("127.0.0.1", UDP, 53);
    put16(inside.bytes + 14 + 6, 100);
    g_assert_false(goes(&inside, FRAME_OUTWARD));
}

/* Lengths that do not fit to what is there. */
static void
test_lengths(void)
{
    const struct {
        const char *address;
        guint protocol, at, good, bad;
    } cases[] = {
        {"192.0.2.1", UDP, 14 + 2, 40, 41},
        {"192.0.2.1", UDP, 14 + 2, 28, 27},
        {"192.0.2.1", UDP, 34 + 4, 8, 7},
        {"192.0.2.1", UDP, 34 + 4, 20, 21},
        {"2001:db8::1", UDP, 14 + 4, 20, 21},
        {"2001:db8::1", UDP, 54 + 4, 20, 21},
        {"192.0.2.1", TCP, 34 + 12, 8 << 12, 9 << 12},
        {"192.0.2.1", TCP, 34 + 12, 5 << 12, 4 << 12},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        Frame frame = to(cases[i].address, cases[i].protocol, 53);
        if (cases[i].at == 14 + 2 && cases[i].good == 28)
            put16(frame.bytes + 34 + 4, 8);
        put16(frame.bytes + cases[i].at, cases[i].good);
        g_assert_true(goes(&frame, FRAME_OUTWARD));
        put16(frame.bytes + cases[i].at, cases[i].bad);
        g_assert_false(goes(&frame, FRAME_OUTWARD));
    }
    Frame header = to("192.0.2.1", UDP, 53);
    header.bytes[14] = 0x44;
    g_assert_false(goes(&header, FRAME_OUTWARD));
    header.bytes[14] = 0x4f;
    g_assert_false(goes(&header, FRAME_OUTWARD));
    header.bytes[14] = 0x65;
    g_assert_false(goes(&header, FRAME_OUTWARD));
}

/* Whatever is cut off, nothing beyond the end is looked at, and nothing cut goes. */
static void
test_cut(void)
{
    static const char *const addresses[] = {"192.0.2.1", "2001:db8::1"};
    static const guint protocols[] = {TCP, UDP};
    for (gsize i = 0; i < 4; i++) {
        Frame frame = to(addresses[i / 2], protocols[i % 2], 53);
        for (gsize whole = frame.length; frame.length-- > 0;) {
            g_assert_false(goes(&frame, FRAME_OUTWARD));
            g_assert_cmpuint(frame.length, <, whole);
        }
    }
    Frame tagged = to("192.0.2.1", UDP, 53);
    put16(tagged.bytes + 12, 0x8100);
    g_assert_false(goes(&tagged, FRAME_OUTWARD));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/filter/outside", test_outside);
    g_test_add_func("/filter/inside", test_inside);
    g_test_add_func("/filter/addresses-are-given", test_addresses_are_given);
    g_test_add_func("/filter/fragments", test_fragments);
    g_test_add_func("/filter/lengths", test_lengths);
    g_test_add_func("/filter/cut", test_cut);
    return g_test_run();
}
