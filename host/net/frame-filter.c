/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "frame-filter.h"

#include "host/net/frame-reader.h"

#include <string.h>

#define ETHERNET  14
#define TYPE_ARP  0x0806
#define TYPE_IPV4 0x0800
#define TYPE_IPV6 0x86dd
#define ARP       28
#define IPV4      20
#define IPV6      40
#define UDP       8
#define TCP       20
#define ICMP      8
#define ICMPV6    4

#define PROTOCOL_ICMP   1
#define PROTOCOL_TCP    6
#define PROTOCOL_UDP    17
#define PROTOCOL_ICMPV6 58
#define PORT_DHCP       67
#define PORT_DHCPV6     547

#define FRAGMENT_OFFSET 0x1fff
#define FRAGMENT_MORE   0x2000

static guint
read16(const guint8 *at)
{
    return (guint)at[0] << 8 | at[1];
}

/* What is in an IP packet, once its header is known to be good. */
typedef struct {
    guint protocol;
    const guint8 *data;
    gsize length;
    gboolean first;      /* not a later fragment: the data begin with the protocol's header */
    gboolean fragmented; /* there is more than this */
} Packet;

/* TRUE when the header that libslirp reads is there. */
static gboolean
has_header(const Packet *packet)
{
    switch (packet->protocol) {
    case PROTOCOL_TCP:
        return packet->length >= TCP && (packet->data[12] >> 4) * 4 >= TCP &&
               (gsize)(packet->data[12] >> 4) * 4 <= packet->length;
    case PROTOCOL_UDP: {
        guint length = packet->length >= UDP ? read16(packet->data + 4) : 0;
        return length >= UDP && (length <= packet->length || packet->fragmented);
    }
    case PROTOCOL_ICMP:
        return packet->length >= ICMP;
    case PROTOCOL_ICMPV6:
        return packet->length >= ICMPV6;
    default:
        return FALSE;
    }
}

static gboolean
is_udp_to(const Packet *packet, guint port)
{
    return packet->protocol == PROTOCOL_UDP && packet->first && packet->length >= UDP &&
           read16(packet->data + 2) == port;
}

/* --- IPv4
 * ------------------------------------------------------------------------------------------- */

/* Everything that is no other machine's own address: this host's (0, 127), the link's (169.254,
 * where clouds keep their secrets), groups and what is reserved. */
static gboolean
is_outside_ipv4(const guint8 *address)
{
    return address[0] != 0 && address[0] != 127 && address[0] < 224 &&
           !(address[0] == 169 && address[1] == 254);
}

static gboolean
is_broadcast(const guint8 *address)
{
    static const guint8 all[4] = {255, 255, 255, 255};
    return memcmp(address, all, sizeof all) == 0;
}

static gboolean
parse_ipv4(const guint8 *at, gsize length, Packet *packet)
{
    if (length < IPV4 || at[0] >> 4 != 4)
        return FALSE;
    gsize header = (gsize)(at[0] & 0x0f) * 4, total = read16(at + 2);
    guint fragment = read16(at + 6);
    if (header < IPV4 || total < header || total > length)
        return FALSE;
    *packet = (Packet){.protocol = at[9],
                       .data = at + header,
                       .length = total - header,
                       .first = (fragment & FRAGMENT_OFFSET) == 0,
                       .fragmented = (fragment & (FRAGMENT_OFFSET | FRAGMENT_MORE)) != 0};
    return !packet->first || has_header(packet);
}

static gboolean
ipv4_may_go(const guint8 *at, gsize length, FrameReach reach)
{
    Packet packet;
    if (!parse_ipv4(at, length, &packet))
        return FALSE;
    const guint8 *to = at + 16;
    gboolean dhcp = is_udp_to(&packet, PORT_DHCP) && !packet.fragmented;
    if (is_broadcast(to))
        return dhcp;
    if (!is_outside_ipv4(to))
        return FALSE;
    if (reach == FRAME_ISOLATED)
        return dhcp || (packet.protocol == PROTOCOL_ICMP && !packet.fragmented);
    return packet.protocol == PROTOCOL_TCP || packet.protocol == PROTOCOL_UDP ||
           packet.protocol == PROTOCOL_ICMP;
}

/* --- IPv6
 * ------------------------------------------------------------------------------------------- */

/* Unspecified, loopback, and IPv4 in all its notations: all begin with 64 zero bits. */
static gboolean
is_outside_ipv6(const guint8 *address)
{
    static const guint8 zero[8];
    gboolean link = address[0] == 0xfe && (address[1] & 0xc0) == 0x80;
    return memcmp(address, zero, sizeof zero) != 0 && address[0] != 0xff && !link;
}

/* Neighbours, routers and addresses are asked for in groups of this link (ff02::). */
static gboolean
is_on_link(const guint8 *address)
{
    return (address[0] == 0xfe && (address[1] & 0xc0) == 0x80) ||
           (address[0] == 0xff && address[1] == 0x02);
}

static gboolean
ipv6_may_go(const guint8 *at, gsize length, FrameReach reach)
{
    if (length < IPV6 || at[0] >> 4 != 6 || read16(at + 4) > length - IPV6)
        return FALSE;
    const guint8 *to = at + 24;
    const Packet packet = {
        .protocol = at[6], .data = at + IPV6, .length = read16(at + 4), .first = TRUE};
    if (!has_header(&packet)) /* headers of extensions are none that libslirp knows */
        return FALSE;
    gboolean here = packet.protocol == PROTOCOL_ICMPV6 || is_udp_to(&packet, PORT_DHCPV6);
    if (is_on_link(to))
        return here;
    if (!is_outside_ipv6(to))
        return FALSE;
    if (reach == FRAME_ISOLATED)
        return here;
    return packet.protocol != PROTOCOL_ICMP;
}

/* --- both
 * ------------------------------------------------------------------------------------------- */

FrameVerdict
frame_filter(const guint8 *frame, gsize length, FrameReach reach)
{
    gboolean taken = FALSE;
    if (length < ETHERNET || length > FRAME_MAX)
        return FRAME_REFUSED;
    const guint8 *data = frame + ETHERNET;
    switch (read16(frame + 12)) {
    case TYPE_ARP:
        taken = length >= ETHERNET + ARP;
        break;
    case TYPE_IPV4:
        taken = ipv4_may_go(data, length - ETHERNET, reach);
        break;
    case TYPE_IPV6:
        taken = ipv6_may_go(data, length - ETHERNET, reach);
        break;
    default:
        break;
    }
    return taken ? FRAME_TAKEN : FRAME_REFUSED;
}
