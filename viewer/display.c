/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "viewer/display.h"

void
display_free(Display *display)
{
    if (display)
        display->ops->free(display);
}

GtkWidget *
display_widget(Display *display)
{
    return display->ops->widget(display);
}

GdkPixbuf *
display_picture(Display *display)
{
    return display->ops->picture(display);
}

void
display_send_keys(Display *display, const guint *keyvals, guint n_keyvals)
{
    display->ops->send_keys(display, keyvals, n_keyvals);
}

void
display_set_option(Display *display, DisplayOption option, gboolean on)
{
    display->ops->set_option(display, option, on);
}

void
display_stats(Display *display, DisplayStats *stats)
{
    *stats = (DisplayStats){0};
    display->ops->stats(display, stats);
}
