# SPDX-License-Identifier: GPL-3.0-or-later
"""gtk-vnc's widget in a window of its own: gtk-vnc-viewer.py SOCKET [lossy]"""

import socket
import sys

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("GtkVnc", "2.0")
from gi.repository import Gtk, GtkVnc  # noqa: E402

connection = socket.socket(socket.AF_UNIX)
connection.connect(sys.argv[1])
display = GtkVnc.Display()
display.set_scaling(False)
display.set_lossy_encoding("lossy" in sys.argv[2:])
window = Gtk.Window()
window.add(display)
window.set_default_size(700, 460)
window.show_all()
display.open_fd(connection.detach())
display.connect("vnc-disconnected", Gtk.main_quit)
Gtk.main()
