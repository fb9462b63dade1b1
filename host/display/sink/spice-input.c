/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sink/spice-input.h"

#include "sink/scan-codes.h"

struct SpiceInput {
    SpiceKbdInstance keyboard;
    SpiceTabletInstance tablet;
    InputClient *client; /* NULL once stopped */
    ScanCodes scan;
    guint leds;
    int x, y;
};

/* As libspice-server hands them to a tablet: left, right, middle, -, wheel up, wheel down, side,
 * extra. */
static guint
rfb_buttons(guint32 state)
{
    static const guint rfb_bit[8] = {0,  2,  1, 31,
                                     31, 31, 7, 8}; /* the wheel comes by an event of its own */
    guint buttons = 0;
    for (guint i = 0; i < G_N_ELEMENTS(rfb_bit); i++)
        if ((state >> i & 1) && rfb_bit[i] < 31)
            buttons |= 1u << rfb_bit[i];
    return buttons;
}

static void
push_scan_frag(SpiceKbdInstance *instance, uint8_t byte)
{
    SpiceInput *self = (SpiceInput *)((char *)instance - G_STRUCT_OFFSET(SpiceInput, keyboard));
    guint qnum;
    gboolean down;
    if (scan_codes_feed(&self->scan, byte, &qnum, &down) && self->client)
        input_client_key(self->client, qnum, down);
}

static uint8_t
get_leds(SpiceKbdInstance *instance)
{
    SpiceInput *self = (SpiceInput *)((char *)instance - G_STRUCT_OFFSET(SpiceInput, keyboard));
    return (uint8_t)self->leds; /* InputLeds has SPICE's bits */
}

static SpiceInput *
tablet_input(SpiceTabletInstance *instance)
{
    return (SpiceInput *)((char *)instance - G_STRUCT_OFFSET(SpiceInput, tablet));
}

static void
set_logical_size(SpiceTabletInstance *instance, int width, int height)
{
}

static void
move(SpiceInput *self, guint buttons)
{
    if (self->client)
        input_client_pointer(self->client, self->x, self->y, buttons);
}

static void
position(SpiceTabletInstance *instance, int x, int y, uint32_t buttons)
{
    SpiceInput *self = tablet_input(instance);
    self->x = x;
    self->y = y;
    move(self, rfb_buttons(buttons));
}

static void
buttons_changed(SpiceTabletInstance *instance, uint32_t buttons)
{
    move(tablet_input(instance), rfb_buttons(buttons));
}

static void
wheel(SpiceTabletInstance *instance, int motion, uint32_t state)
{
    SpiceInput *self = tablet_input(instance);
    guint buttons = rfb_buttons(state);
    move(self, buttons | (motion < 0 ? 1u << 3 : 1u << 4));
    move(self, buttons);
}

static const SpiceKbdInterface keyboard_interface = {
    .base = {SPICE_INTERFACE_KEYBOARD, "oriel keyboard", SPICE_INTERFACE_KEYBOARD_MAJOR,
             SPICE_INTERFACE_KEYBOARD_MINOR},
    .push_scan_freg = push_scan_frag,
    .get_leds = get_leds,
};

static const SpiceTabletInterface tablet_interface = {
    .base = {SPICE_INTERFACE_TABLET, "oriel tablet", SPICE_INTERFACE_TABLET_MAJOR,
             SPICE_INTERFACE_TABLET_MINOR},
    .set_logical_size = set_logical_size,
    .position = position,
    .wheel = wheel,
    .buttons = buttons_changed,
};

SpiceInput *
spice_input_new(SpiceServer *server, Input *input)
{
    SpiceInput *self = g_new0(SpiceInput, 1);
    self->client = input_client_new(input);
    self->leds = input_leds(input);
    self->keyboard.base.sif = &keyboard_interface.base;
    self->tablet.base.sif = &tablet_interface.base;
    spice_server_add_interface(server, &self->keyboard.base);
    spice_server_add_interface(server, &self->tablet.base);
    return self;
}

void
spice_input_leds(SpiceInput *self, guint leds)
{
    self->leds = leds;
    spice_server_kbd_leds(&self->keyboard, (int)leds);
}

void
spice_input_stop(SpiceInput *self)
{
    if (self)
        g_clear_pointer(&self->client, input_client_free);
}

void
spice_input_free(SpiceInput *self)
{
    spice_input_stop(self);
    g_free(self);
}
