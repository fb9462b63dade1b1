/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

/*
 * A remote screen in a widget, whatever protocol brings it. One object is one connection: when it
 * is lost, it is freed and a new one is made. Main thread only.
 */
typedef struct Display Display;

typedef enum {
    DISPLAY_CLIPBOARD, /* share text both ways */
    DISPLAY_SOUND,
    DISPLAY_SCALE, /* fit the picture into the widget */
    DISPLAY_N_OPTIONS,
} DisplayOption;

typedef struct {
    guint width, height; /* of the remote screen; 0 before the first picture */
    guint64 bytes_read;  /* since the connection began */
    guint channels;
} DisplayStats;

typedef struct {
    /* The first picture is there. */
    void (*up)(Display *display, gpointer user);
    /* The remote screen has another size now. */
    void (*resized)(Display *display, guint width, guint height, gpointer user);
    /* The connection ended or never came about; ORIEL_ERROR. Called once; nothing comes after it.
     * The display may be freed here. */
    void (*lost)(Display *display, const GError *error, gpointer user);
} DisplayEvents;

typedef struct {
    void (*free)(Display *display);
    GtkWidget *(*widget)(Display *display);
    GdkPixbuf *(*picture)(Display *display);
    void (*send_keys)(Display *display, const guint *keyvals, guint n_keyvals);
    void (*set_option)(Display *display, DisplayOption option, gboolean on);
    void (*stats)(Display *display, DisplayStats *stats);
} DisplayOps;

/* The head of each protocol's own struct. */
struct Display {
    const DisplayOps *ops;
    const DisplayEvents *events;
    gpointer user;
};

/* No events come any more; the widget is destroyed. NULL is fine. */
void display_free(Display *display);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Display, display_free)

/* To be put into a container once up() was called; NULL before. Owned by the display. */
GtkWidget *display_widget(Display *display);
/* The last picture, also after lost(); NULL when there was none. Caller owns. */
GdkPixbuf *display_picture(Display *display);
/* Presses the keys in order and lets them go in reverse. */
void display_send_keys(Display *display, const guint *keyvals, guint n_keyvals);
void display_set_option(Display *display, DisplayOption option, gboolean on);
void display_stats(Display *display, DisplayStats *stats);
