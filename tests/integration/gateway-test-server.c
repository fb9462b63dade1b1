/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The whole gateway with a backend whose displays are the Unix sockets FOLDER/vnc and FOLDER/spice.
 * Usage: gateway-test-server CERTIFICATE KEY FOLDER. Prints the port. Reads lines from its standard
 * input and ends with it: vnc SESSION | spice SESSION ROUTE   issues a ticket, prints it revoke
 * SESSION                      prints "revoked"
 */
#include "broker/gateway/gateway.h"

#include <gio/gunixsocketaddress.h>
#include <glib-unix.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    const char *folder;
    TicketBook *tickets;
    GMainLoop *loop;
} Server;

typedef struct {
    GatewayOpened opened;
    gpointer data;
    char *path;
} Asked;

static gboolean
open_later(gpointer data)
{
    Asked *asked = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(GSocket) socket =
        g_socket_new(G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL);
    g_autoptr(GSocketAddress) address = g_unix_socket_address_new(asked->path);
    gboolean connected = g_socket_connect(socket, address, NULL, &error);

    asked->opened(connected ? dup(g_socket_get_fd(socket)) : -1, error, asked->data);
    g_free(asked->path);
    g_free(asked);
    return G_SOURCE_REMOVE;
}

static void
backend_open(const char *host, const char *desktop, const char *protocol, GatewayOpened opened,
             gpointer data, gpointer user)
{
    Server *server = user;
    Asked *asked = g_new0(Asked, 1);

    asked->opened = opened;
    asked->data = data;
    asked->path = g_build_filename(server->folder, protocol, NULL);
    g_idle_add(open_later, asked);
}

static void
server_issue(Server *server, TicketProtocol protocol, char *session, char *route)
{
    TicketGrant grant = {protocol, session, (char *)"d1", (char *)"local", (char *)"anna", route};
    g_autofree char *ticket = ticket_book_issue(server->tickets, &grant, NULL, NULL);

    printf("%s\n", ticket ? ticket : "");
    fflush(stdout);
}

static gboolean
on_line(GIOChannel *channel, GIOCondition condition, gpointer data)
{
    Server *server = data;
    g_autofree char *line = NULL;

    if (g_io_channel_read_line(channel, &line, NULL, NULL, NULL) != G_IO_STATUS_NORMAL) {
        g_main_loop_quit(server->loop);
        return G_SOURCE_REMOVE;
    }
    g_auto(GStrv) words = g_strsplit(g_strstrip(line), " ", -1);
    guint count = g_strv_length(words);
    if (count == 2 && g_str_equal(words[0], "vnc"))
        server_issue(server, TICKET_VNC, words[1], NULL);
    if (count == 3 && g_str_equal(words[0], "spice"))
        server_issue(server, TICKET_SPICE, words[1], words[2]);
    if (count == 2 && g_str_equal(words[0], "revoke")) {
        ticket_book_revoke_session(server->tickets, words[1]);
        printf("revoked\n");
        fflush(stdout);
    }
    return G_SOURCE_CONTINUE;
}

int
main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    const char *addresses[] = {"127.0.0.1", NULL};
    const char *origins[] = {"https://portal.example", NULL};
    HttpServerOptions http = {argv[1], argv[2], 64 * 1024, 300, 5};
    g_autoptr(GError) error = NULL;
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    Server server = {argv[3], ticket_book_new(), loop};
    HttpServer *web = http_server_new(&http, &error);
    GatewayOptions options = {web, server.tickets, argv[1],        argv[2], addresses,
                              0,   origins,        {backend_open}, &server};
    Gateway *gateway = web ? gateway_new(&options, &error) : NULL;

    if (!gateway) {
        fprintf(stderr, "%s\n", error->message);
        return 1;
    }
    printf("%u\n", gateway_port(gateway));
    fflush(stdout);
    g_autoptr(GIOChannel) input = g_io_channel_unix_new(STDIN_FILENO);
    g_io_add_watch(input, G_IO_IN | G_IO_HUP, on_line, &server);
    g_main_loop_run(loop);
    gateway_free(gateway);
    http_server_free(web);
    ticket_book_free(server.tickets);
    return 0;
}
