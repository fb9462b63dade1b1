/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest-agent/agent-link.h"
#include "guest-agent/agent-stream.h"

#include <spice/vd_agent.h>
#include <string.h>

/* The stream -------------------------------------------------------------------------------------
 */

typedef struct {
    guint n;
    guint32 type;
    GByteArray *last;
} Inbox;

static void
on_message(guint32 type, const guint8 *data, gsize size, gpointer user)
{
    Inbox *inbox = user;
    inbox->n++;
    inbox->type = type;
    g_byte_array_set_size(inbox->last, 0);
    g_byte_array_append(inbox->last, data, (guint)size);
}

static GByteArray *
pattern(gsize size)
{
    GByteArray *bytes = g_byte_array_new();
    g_byte_array_set_size(bytes, (guint)size);
    for (gsize i = 0; i < size; i++)
        bytes->data[i] = (guint8)(i * 7);
    return bytes;
}

static void
test_round_trip(void)
{
    const gsize sizes[] = {0, 1, 2027, 2028, 2029, 4096, 100000, AGENT_MESSAGE_MAX};
    Inbox inbox = {.last = g_byte_array_new()};
    g_autoptr(AgentReader) reader = agent_reader_new(on_message, &inbox);
    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autoptr(GByteArray) body = pattern(sizes[i]);
        g_autoptr(GByteArray) out = g_byte_array_new();
        agent_stream_write(out, 77, body->data, body->len);
        inbox.n = 0;
        for (gsize at = 0; at < out->len;) { /* in pieces of any size */
            gsize part = (gsize)g_test_rand_int_range(1, 3000);
            part = MIN(part, out->len - at);
            g_assert_true(agent_reader_feed(reader, out->data + at, part));
            at += part;
        }
        g_assert_cmpuint(inbox.n, ==, 1);
        g_assert_cmpuint(inbox.type, ==, 77);
        g_assert_cmpmem(inbox.last->data, inbox.last->len, body->data, body->len);
    }
    g_byte_array_unref(inbox.last);
}

static void
test_long_message_is_cut(void)
{
    Inbox inbox = {.last = g_byte_array_new()};
    g_autoptr(AgentReader) reader = agent_reader_new(on_message, &inbox);
    g_autoptr(GByteArray) body = pattern(AGENT_MESSAGE_MAX + 5000);
    g_autoptr(GByteArray) out = g_byte_array_new();
    agent_stream_write(out, 1, body->data, body->len);
    agent_stream_write(out, 2, NULL, 0);
    g_assert_true(agent_reader_feed(reader, out->data, out->len));
    g_assert_cmpuint(inbox.n, ==, 2); /* the one after it is found again */
    g_assert_cmpuint(inbox.type, ==, 2);
    g_byte_array_unref(inbox.last);
}

static void
test_broken_streams(void)
{
    const struct {
        guint32 words[7];
    } broken[] = {
        {{0, 20}},                                            /* no such port */
        {{3, 20}},         {{1, VD_AGENT_MAX_DATA_SIZE + 1}}, /* a chunk too large */
        {{1, 0xffffffff}}, {{1, 20, 2, 1, 0, 0, 0}},          /* another protocol */
    };
    for (guint i = 0; i < G_N_ELEMENTS(broken); i++) {
        Inbox inbox = {.last = g_byte_array_new()};
        g_autoptr(AgentReader) reader = agent_reader_new(on_message, &inbox);
        g_assert_false(
            agent_reader_feed(reader, (const guint8 *)broken[i].words, sizeof broken[i]));
        g_assert_false(agent_reader_feed(reader, (const guint8 *)broken[i].words, 4));
        g_assert_cmpuint(inbox.n, ==, 0);
        g_byte_array_unref(inbox.last);
    }
}

/* The link ---------------------------------------------------------------------------------------
 */

typedef struct End {
    AgentLink *link;
    struct End *other;
    GByteArray *out; /* to the other, delivered by run() */
    int ups, width, height;
} End;

static void
end_send(const guint8 *data, gsize size, gpointer user)
{
    End *end = user;
    g_byte_array_append(end->out, data, (guint)size);
}

static void
end_up(gpointer user)
{
    ((End *)user)->ups++;
}

static void
end_resize(int width, int height, gpointer user)
{
    End *end = user;
    end->width = width;
    end->height = height;
}

static const AgentLinkEvents end_events = {end_send, end_up, end_resize};

static gboolean
deliver(End *end)
{
    if (!end->out->len)
        return FALSE;
    g_autoptr(GByteArray) bytes = end->out;
    end->out = g_byte_array_new();
    g_assert_true(agent_link_receive(end->other->link, bytes->data, bytes->len));
    return TRUE;
}

static void
run(End *a, End *b)
{
    gboolean moved = TRUE;
    while (moved) {
        moved = g_main_context_iteration(NULL, FALSE);
        moved |= deliver(a);
        moved |= deliver(b);
    }
}

typedef struct {
    gboolean done;
    char *text;
} Text;

static void
on_text(const char *text, gpointer user)
{
    Text *result = user;
    result->done = TRUE;
    result->text = g_strdup(text);
}

static void
owner_wanted(gpointer user)
{
    ClipboardParty **party = user;
    clipboard_provide(*party, "one\ntwo", -1);
}

static const ClipboardEvents owner_events = {.wanted = owner_wanted};

/* A guest's agent and a viewer are the two roles of the same protocol: they talk to each other
 * here, each with a clipboard of its own. */
static void
test_two_ends(void)
{
    Clipboard *boards[2] = {clipboard_new(), clipboard_new()};
    End client = {.out = g_byte_array_new()}, agent = {.out = g_byte_array_new()};
    client.other = &agent;
    agent.other = &client;
    client.link = agent_link_new(AGENT_LINK_GUEST, boards[0], &end_events, &client);
    agent.link = agent_link_new(AGENT_LINK_VIEWER, boards[1], &end_events, &agent);
    agent_link_start(client.link);
    agent_link_start(agent.link);
    run(&client, &agent);
    g_assert_cmpint(client.ups, >=, 1);
    g_assert_true(agent_link_can_resize(client.link));

    agent_link_resize(client.link, 1280, 720);
    run(&client, &agent);
    g_assert_cmpint(agent.width, ==, 1280);
    g_assert_cmpint(agent.height, ==, 720);

    for (int from = 0; from < 2; from++) {
        ClipboardParty *owner = NULL;
        owner = clipboard_join(boards[from], &owner_events, &owner);
        ClipboardParty *reader = clipboard_join(boards[!from], &(ClipboardEvents){0}, NULL);
        clipboard_offer(owner);
        run(&client, &agent);
        Text result = {0};
        clipboard_fetch(reader, on_text, &result);
        run(&client, &agent);
        g_assert_true(result.done);
        g_assert_cmpstr(result.text, ==, "one\ntwo");
        g_free(result.text);
        clipboard_leave(owner);
        clipboard_leave(reader);
        run(&client, &agent);
    }

    agent_link_free(client.link);
    agent_link_free(agent.link);
    clipboard_free(boards[0]);
    clipboard_free(boards[1]);
    g_byte_array_unref(client.out);
    g_byte_array_unref(agent.out);
}

/* Messages of all types with any content: nothing may crash, and what is sent back stays small. */
static void
test_any_message(void)
{
    for (int peer = 0; peer < 2; peer++) {
        Clipboard *board = clipboard_new();
        End end = {.out = g_byte_array_new()};
        AgentLink *link = agent_link_new((AgentLinkPeer)peer, board, &end_events, &end);
        agent_link_start(link);
        for (int round = 0; round < 20000; round++) {
            guint8 body[64];
            gsize size = (gsize)g_test_rand_int_range(0, sizeof body);
            for (gsize i = 0; i < size; i++)
                body[i] = g_test_rand_bit() ? 0 : (guint8)g_test_rand_int_range(0, 256);
            g_autoptr(GByteArray) out = g_byte_array_new();
            agent_stream_write(out, (guint32)g_test_rand_int_range(0, 20), body, size);
            g_assert_true(agent_link_receive(link, out->data, out->len));
            g_main_context_iteration(NULL, FALSE);
            g_assert_cmpuint(end.out->len, <, 1 << 20);
            g_byte_array_set_size(end.out, 0);
        }
        agent_link_free(link);
        clipboard_free(board);
        g_byte_array_unref(end.out);
    }
}

/* A good stream with a few bytes changed. */
static void
test_mutations(void)
{
    g_autoptr(GByteArray) good = g_byte_array_new();
    for (guint32 type = 0; type < 16; type++) {
        g_autoptr(GByteArray) body = pattern(type * 300);
        agent_stream_write(good, type, body->data, body->len);
    }
    for (int round = 0; round < 2000; round++) {
        Inbox inbox = {.last = g_byte_array_new()};
        g_autoptr(AgentReader) reader = agent_reader_new(on_message, &inbox);
        g_autofree guint8 *bad = g_memdup2(good->data, good->len);
        for (int i = g_test_rand_int_range(1, 8); i > 0; i--)
            bad[g_test_rand_int_range(0, (gint32)good->len)] = (guint8)g_test_rand_int();
        agent_reader_feed(reader, bad, good->len);
        g_byte_array_unref(inbox.last);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/agent/stream/round-trip", test_round_trip);
    g_test_add_func("/agent/stream/long-message-is-cut", test_long_message_is_cut);
    g_test_add_func("/agent/stream/broken", test_broken_streams);
    g_test_add_func("/agent/stream/mutations", test_mutations);
    g_test_add_func("/agent/link/two-ends", test_two_ends);
    g_test_add_func("/agent/link/any-message", test_any_message);
    return g_test_run();
}
