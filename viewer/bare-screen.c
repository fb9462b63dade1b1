/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "viewer/bare-screen.h"

#include <gdk/gdk.h>
#ifdef GDK_WINDOWING_X11
#include <gdk/gdkx.h>
#endif

static gboolean
is_bare(GtkWindow *window)
{
#ifdef GDK_WINDOWING_X11
    GdkScreen *screen = gtk_window_get_screen(window);
    if (GDK_IS_X11_SCREEN(screen))
        return !gdk_x11_screen_supports_net_wm_hint(
            screen, gdk_atom_intern_static_string("_NET_ACTIVE_WINDOW"));
#endif
    return FALSE;
}

static gboolean
on_map(GtkWidget *widget, GdkEvent *event, gpointer user)
{
    if (is_bare(GTK_WINDOW(widget)))
        gdk_window_focus(gtk_widget_get_window(widget), GDK_CURRENT_TIME);
    return GDK_EVENT_PROPAGATE;
}

void
bare_screen_watch(GtkWindow *window)
{
    gtk_widget_add_events(GTK_WIDGET(window), GDK_STRUCTURE_MASK);
    g_signal_connect(window, "map-event", G_CALLBACK(on_map), NULL);
}

static void
monitor_of(GtkWindow *window, GdkRectangle *area)
{
    GdkDisplay *display = gtk_widget_get_display(GTK_WIDGET(window));
    GdkWindow *gdk_window = gtk_widget_get_window(GTK_WIDGET(window));
    GdkMonitor *monitor = gdk_window ? gdk_display_get_monitor_at_window(display, gdk_window)
                                     : gdk_display_get_primary_monitor(display);
    if (!monitor)
        monitor = gdk_display_get_monitor(display, 0);
    *area = (GdkRectangle){0, 0, 1280, 800};
    if (monitor)
        gdk_monitor_get_geometry(monitor, area);
}

static void
fill_monitor(GtkWindow *window, gboolean full)
{
    GdkRectangle area;
    int width, height;
    GtkWidget *titlebar = gtk_window_get_titlebar(window);
    monitor_of(window, &area);
    gtk_window_get_default_size(window, &width, &height);
    if (titlebar)
        gtk_widget_set_visible(titlebar, !full);
    gtk_window_set_decorated(window, !full);
    gtk_window_move(window, area.x, area.y);
    gtk_window_resize(window, full ? area.width : width, full ? area.height : height);
}

void
bare_screen_set_full(GtkWindow *window, gboolean full)
{
    if (is_bare(window))
        fill_monitor(window, full);
    else if (full)
        gtk_window_fullscreen(window);
    else
        gtk_window_unfullscreen(window);
}
