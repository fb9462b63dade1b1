/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "viewer/window-focus.h"

#include <gdk/gdk.h>
#ifdef GDK_WINDOWING_X11
#include <gdk/gdkx.h>
#endif

static gboolean
has_window_manager(GdkWindow *window)
{
#ifdef GDK_WINDOWING_X11
    if (GDK_IS_X11_WINDOW(window))
        return gdk_x11_screen_supports_net_wm_hint(
            gdk_window_get_screen(window), gdk_atom_intern_static_string("_NET_ACTIVE_WINDOW"));
#endif
    return TRUE;
}

static gboolean
on_map(GtkWidget *widget, GdkEvent *event, gpointer user)
{
    GdkWindow *window = gtk_widget_get_window(widget);
    if (!has_window_manager(window))
        gdk_window_focus(window, GDK_CURRENT_TIME);
    return GDK_EVENT_PROPAGATE;
}

void
window_focus_watch(GtkWindow *window)
{
    gtk_widget_add_events(GTK_WIDGET(window), GDK_STRUCTURE_MASK);
    g_signal_connect(window, "map-event", G_CALLBACK(on_map), NULL);
}
