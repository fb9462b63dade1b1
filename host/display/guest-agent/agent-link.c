/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest-agent/agent-link.h"

#include "guest-agent/agent-stream.h"

#include <spice/vd_agent.h>
#include <string.h>

#define MAX_REQUESTS 8 /* of the peer, waiting for text */

struct AgentLink {
    AgentLinkPeer peer;
    const AgentLinkEvents *events;
    gpointer user;
    Clipboard *clipboard;
    ClipboardParty *party; /* NULL while stopped */
    AgentReader *reader;
    guint32 caps; /* the peer's; 0: not told yet */
    guint requests;
    gboolean offer_waits; /* somebody offered text before the peer told its capabilities */
};

static gboolean
has_cap(const AgentLink *link, guint cap)
{
    return (link->caps >> cap) & 1;
}

static guint32
read_u32(const guint8 *data)
{
    guint32 value;
    memcpy(&value, data, sizeof value);
    return GUINT32_FROM_LE(value);
}

static void
append_u32(GByteArray *bytes, guint32 value)
{
    value = GUINT32_TO_LE(value);
    g_byte_array_append(bytes, (const guint8 *)&value, sizeof value);
}

static void
send_message(AgentLink *link, guint32 type, const guint8 *data, gsize size)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    agent_stream_write(out, type, data, size);
    link->events->send(out->data, out->len, link->user);
}

static void
send_bytes(AgentLink *link, guint32 type, GByteArray *body)
{
    send_message(link, type, body->data, body->len);
}

static void
announce(AgentLink *link, gboolean request)
{
    guint32 caps = 1u << VD_AGENT_CAP_MONITORS_CONFIG | 1u << VD_AGENT_CAP_SPARSE_MONITORS_CONFIG |
                   1u << VD_AGENT_CAP_CLIPBOARD_BY_DEMAND | 1u << VD_AGENT_CAP_CLIPBOARD_SELECTION |
                   1u << VD_AGENT_CAP_REPLY;
    if (link->peer == AGENT_LINK_VIEWER)
        caps |= 1u << VD_AGENT_CAP_GUEST_LINEEND_LF | 1u << VD_AGENT_CAP_FILE_XFER_DISABLED;
    g_autoptr(GByteArray) body = g_byte_array_new();
    append_u32(body, request);
    append_u32(body, caps);
    send_bytes(link, VD_AGENT_ANNOUNCE_CAPABILITIES, body);
}

/* The selection's header, where the peer has selections. */
static GByteArray *
clipboard_body(AgentLink *link)
{
    GByteArray *body = g_byte_array_new();
    if (has_cap(link, VD_AGENT_CAP_CLIPBOARD_SELECTION))
        append_u32(body, VD_AGENT_CLIPBOARD_SELECTION_CLIPBOARD);
    return body;
}

static void
send_grab(AgentLink *link)
{
    if (!has_cap(link, VD_AGENT_CAP_CLIPBOARD_BY_DEMAND))
        return;
    g_autoptr(GByteArray) body = clipboard_body(link);
    append_u32(body, VD_AGENT_CLIPBOARD_UTF8_TEXT);
    send_bytes(link, VD_AGENT_CLIPBOARD_GRAB, body);
}

static void
on_offered(gpointer user)
{
    AgentLink *link = user;
    if (link->caps)
        send_grab(link);
    else
        link->offer_waits = TRUE;
}

static void
on_wanted(gpointer user)
{
    AgentLink *link = user;
    g_autoptr(GByteArray) body = clipboard_body(link);
    append_u32(body, VD_AGENT_CLIPBOARD_UTF8_TEXT);
    send_bytes(link, VD_AGENT_CLIPBOARD_REQUEST, body);
}

static void
on_cleared(gpointer user)
{
    AgentLink *link = user;
    link->offer_waits = FALSE;
    if (!has_cap(link, VD_AGENT_CAP_CLIPBOARD_BY_DEMAND))
        return;
    g_autoptr(GByteArray) body = clipboard_body(link);
    send_bytes(link, VD_AGENT_CLIPBOARD_RELEASE, body);
}

static const ClipboardEvents clipboard_events = {
    .offered = on_offered, .wanted = on_wanted, .cleared = on_cleared};

static void
on_text(const char *text, gpointer user)
{
    AgentLink *link = user;
    link->requests--;
    g_autoptr(GByteArray) body = clipboard_body(link);
    append_u32(body, text ? VD_AGENT_CLIPBOARD_UTF8_TEXT : VD_AGENT_CLIPBOARD_NONE);
    if (text) {
        gboolean crlf = has_cap(link, VD_AGENT_CAP_GUEST_LINEEND_CRLF);
        for (const char *line = text; *line;) {
            gsize length = strcspn(line, "\n");
            g_byte_array_append(body, (const guint8 *)line, (guint)length);
            line += length;
            if (*line == '\n') {
                g_byte_array_append(body, (const guint8 *)"\r\n" + !crlf, 1 + (guint)crlf);
                line++;
            }
        }
    }
    send_bytes(link, VD_AGENT_CLIPBOARD, body);
}

static void
receive_caps(AgentLink *link, const guint8 *data, gsize size)
{
    if (size < sizeof(VDAgentAnnounceCapabilities))
        return;
    gboolean request = read_u32(data) != 0;
    link->caps = size >= sizeof(VDAgentAnnounceCapabilities) + 4 ? read_u32(data + 4) : 0;
    if (request)
        announce(link, FALSE);
    if (link->offer_waits)
        send_grab(link);
    link->offer_waits = FALSE;
    if (link->events->up)
        link->events->up(link->user);
}

static void
receive_monitors(AgentLink *link, const guint8 *data, gsize size)
{
    if (!link->events->resize || size < sizeof(VDAgentMonitorsConfig) + sizeof(VDAgentMonConfig) ||
        read_u32(data) == 0)
        return;
    const guint8 *first = data + sizeof(VDAgentMonitorsConfig);
    guint32 width = read_u32(first + G_STRUCT_OFFSET(VDAgentMonConfig, width));
    guint32 height = read_u32(first + G_STRUCT_OFFSET(VDAgentMonConfig, height));
    if (width > 0 && height > 0)
        link->events->resize((int)MIN(width, G_MAXINT16), (int)MIN(height, G_MAXINT16), link->user);
}

/* Steps over the selection; FALSE when the message is too short or about another selection than the
 * clipboard. */
static gboolean
skip_selection(AgentLink *link, const guint8 **data, gsize *size)
{
    if (!has_cap(link, VD_AGENT_CAP_CLIPBOARD_SELECTION))
        return TRUE;
    if (*size < 4 || (*data)[0] != VD_AGENT_CLIPBOARD_SELECTION_CLIPBOARD)
        return FALSE;
    *data += 4;
    *size -= 4;
    return TRUE;
}

static void
receive_grab(AgentLink *link, const guint8 *data, gsize size)
{
    for (; size >= 4; data += 4, size -= 4) {
        if (read_u32(data) == VD_AGENT_CLIPBOARD_UTF8_TEXT) {
            clipboard_offer(link->party);
            return;
        }
    }
}

static void
receive_request(AgentLink *link, const guint8 *data, gsize size)
{
    if (size < 4 || link->requests >= MAX_REQUESTS)
        return;
    link->requests++;
    if (read_u32(data) == VD_AGENT_CLIPBOARD_UTF8_TEXT)
        clipboard_fetch(link->party, on_text, link);
    else
        on_text(NULL, link);
}

static void
receive_clipboard(AgentLink *link, guint32 type, const guint8 *data, gsize size)
{
    if (!skip_selection(link, &data, &size))
        return;
    if (type == VD_AGENT_CLIPBOARD_GRAB)
        receive_grab(link, data, size);
    else if (type == VD_AGENT_CLIPBOARD_REQUEST)
        receive_request(link, data, size);
    else if (size >= 4) /* an empty text too, so that whoever asked need not wait */
        clipboard_provide(link->party, (const char *)data + 4,
                          read_u32(data) == VD_AGENT_CLIPBOARD_UTF8_TEXT ? (gssize)size - 4 : 0);
}

static void
on_message(guint32 type, const guint8 *data, gsize size, gpointer user)
{
    AgentLink *link = user;
    switch (type) {
    case VD_AGENT_ANNOUNCE_CAPABILITIES:
        receive_caps(link, data, size);
        break;
    case VD_AGENT_MONITORS_CONFIG:
        receive_monitors(link, data, size);
        break;
    case VD_AGENT_CLIPBOARD:
    case VD_AGENT_CLIPBOARD_GRAB:
    case VD_AGENT_CLIPBOARD_REQUEST:
        receive_clipboard(link, type, data, size);
        break;
    default:
        break; /* replies, mouse, files: not for us */
    }
}

AgentLink *
agent_link_new(AgentLinkPeer peer, Clipboard *clipboard, const AgentLinkEvents *events,
               gpointer user)
{
    AgentLink *link = g_new0(AgentLink, 1);
    link->peer = peer;
    link->clipboard = clipboard;
    link->events = events;
    link->user = user;
    link->reader = agent_reader_new(on_message, link);
    return link;
}

void
agent_link_free(AgentLink *link)
{
    if (!link)
        return;
    clipboard_leave(link->party);
    agent_reader_free(link->reader);
    g_free(link);
}

void
agent_link_start(AgentLink *link)
{
    agent_link_stop(link);
    link->party = clipboard_join(link->clipboard, &clipboard_events, link);
    announce(link, TRUE);
}

void
agent_link_stop(AgentLink *link)
{
    g_clear_pointer(&link->party, clipboard_leave);
    agent_reader_reset(link->reader);
    link->caps = 0;
    link->requests = 0;
    link->offer_waits = FALSE;
}

gboolean
agent_link_receive(AgentLink *link, const guint8 *data, gsize size)
{
    return !link->party || agent_reader_feed(link->reader, data, size);
}

gboolean
agent_link_can_resize(const AgentLink *link)
{
    return has_cap(link, VD_AGENT_CAP_MONITORS_CONFIG);
}

void
agent_link_resize(AgentLink *link, int width, int height)
{
    g_autoptr(GByteArray) body = g_byte_array_new();
    const guint32 words[] = {1,
                             0, /* one monitor, no flags */
                             (guint32)height,
                             (guint32)width,
                             32,
                             0,
                             0};
    for (guint i = 0; i < G_N_ELEMENTS(words); i++)
        append_u32(body, words[i]);
    send_bytes(link, VD_AGENT_MONITORS_CONFIG, body);
}
