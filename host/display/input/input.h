/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * Input from viewers to the guest. Sinks call input_…; it translates (keysyms to scan codes where a client has no scan codes), keeps which keys and
 * buttons each client holds (released when it leaves), and passes on to the source's InputSink. Main thread only.
 *
 * Scan codes are "qnum": PC set 1, with 0x80 set for codes after an 0xe0 prefix (as QEMU's D-Bus Keyboard.Press and RFB's QEMU extended key
 * events both have it).
 */

typedef enum { BUTTON_LEFT, BUTTON_MIDDLE, BUTTON_RIGHT, BUTTON_WHEEL_UP, BUTTON_WHEEL_DOWN, BUTTON_SIDE, BUTTON_EXTRA } InputButton; /* QEMU's order */

typedef struct InputSink {
    void (*key)(gpointer user, guint qnum, gboolean down);
    void (*pointer)(gpointer user, int x, int y); /* absolute, in the screen's pixels */
    void (*button)(gpointer user, InputButton button, gboolean down);
    void (*keysym)(gpointer user, guint32 keysym, gboolean down); /* NULL: keysyms come as keys of a US keyboard */
} InputSink;

typedef struct Input Input;
typedef struct InputClient InputClient;

Input *input_new(void);
void input_free(Input *input);
void input_set_sink(Input *input, const InputSink *sink, gpointer user);
void input_set_screen(Input *input, int width, int height);

InputClient *input_client_new(Input *input);
void input_client_free(InputClient *client); /* releases what it holds */
void input_client_key(InputClient *client, guint qnum, gboolean down);
void input_client_keysym(InputClient *client, guint32 keysym, gboolean down); /* X keysym; adds and removes shift, AltGr as a US layout needs, unless the sink takes keysyms */
void input_client_pointer(InputClient *client, int x, int y, guint rfb_buttons); /* clipped; bit 0 left, 1 middle, 2 right, 3 up, 4 down, 7 side, 8 extra */

/* Caps, num and scroll lock as the guest shows them, where known. */
typedef enum { LED_SCROLL = 1, LED_NUM = 2, LED_CAPS = 4 } InputLeds;
void input_set_leds(Input *input, guint leds);
guint input_leds(const Input *input);
