/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bus-config.h"

#include <gio/gio.h>

char *
bus_config_text(const char *socket_path, uid_t uid)
{
    g_autofree char *address = g_dbus_address_escape_value(socket_path);
    /* Whole frames travel over it: 128 MiB is a screen of 5120x2880 with room. */
    return g_markup_printf_escaped(
        "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\"\n"
        " \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n"
        "<busconfig>\n"
        "  <type>session</type>\n"
        "  <listen>unix:path=%s</listen>\n"
        "  <auth>EXTERNAL</auth>\n"
        "  <policy context=\"default\">\n"
        "    <deny user=\"*\"/>\n"
        "    <allow user=\"%u\"/>\n"
        "    <allow own=\"*\"/>\n"
        "    <allow send_destination=\"*\" eavesdrop=\"true\"/>\n"
        "    <allow eavesdrop=\"true\"/>\n"
        "  </policy>\n"
        "  <limit name=\"max_incoming_bytes\">268435456</limit>\n"
        "  <limit name=\"max_outgoing_bytes\">268435456</limit>\n"
        "  <limit name=\"max_message_size\">134217728</limit>\n"
        "  <limit name=\"max_completed_connections\">16</limit>\n"
        "  <limit name=\"max_connections_per_user\">16</limit>\n"
        "</busconfig>\n",
        address, (guint)uid);
}
