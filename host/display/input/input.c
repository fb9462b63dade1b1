/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "input/input.h"

#include "input/keymap.h"

#include <string.h>

#define N_QNUMS 256
#define N_HELD  16 /* keysyms: more keys than hands can hold */

struct Input {
    const InputSink *sink;
    gpointer user;
    int width, height;
    guint leds;
};

struct InputClient {
    Input *input;
    gboolean held[N_QNUMS];
    guint32 held_keysyms[N_HELD]; /* of a sink that takes them; 0: none */
    guint buttons;                /* RFB's bits */
};

Input *
input_new(void)
{
    return g_new0(Input, 1);
}

void
input_free(Input *input)
{
    g_free(input);
}

void
input_set_sink(Input *input, const InputSink *sink, gpointer user)
{
    input->sink = sink;
    input->user = user;
}

void
input_set_screen(Input *input, int width, int height)
{
    input->width = width;
    input->height = height;
}

InputClient *
input_client_new(Input *input)
{
    InputClient *client = g_new0(InputClient, 1);
    client->input = input;
    return client;
}

void
input_client_key(InputClient *client, guint qnum, gboolean down)
{
    Input *input = client->input;
    if (qnum >= N_QNUMS || !input->sink || (!down && !client->held[qnum]))
        return;
    client->held[qnum] = down;
    input->sink->key(input->user, qnum, down);
}

#define QNUM_LEFT_SHIFT  0x2a
#define QNUM_RIGHT_SHIFT 0x36

/* Presses or lifts shift for one key, where the client's own shift does not fit the character. */
static void
tap_shift(InputClient *client, gboolean down)
{
    Input *input = client->input;
    static const guint shifts[] = {QNUM_LEFT_SHIFT, QNUM_RIGHT_SHIFT};
    for (guint i = 0; i < G_N_ELEMENTS(shifts); i++)
        if (down ? i == 0 : client->held[shifts[i]])
            input->sink->key(input->user, shifts[i], down);
}

static void
restore_shift(InputClient *client)
{
    Input *input = client->input;
    input->sink->key(input->user, QNUM_LEFT_SHIFT, client->held[QNUM_LEFT_SHIFT]);
    if (client->held[QNUM_RIGHT_SHIFT])
        input->sink->key(input->user, QNUM_RIGHT_SHIFT, TRUE);
}

/* A client that holds more is not followed: what is not known to be held is not passed on. */
static void
pass_keysym(InputClient *client, guint32 keysym, gboolean down)
{
    guint32 *place = NULL;
    for (guint i = 0; i < N_HELD && keysym; i++)
        if (client->held_keysyms[i] == keysym || (down && !place && !client->held_keysyms[i]))
            place = &client->held_keysyms[i];
    if (!place)
        return;
    *place = down ? keysym : 0;
    client->input->sink->keysym(client->input->user, keysym, down);
}

void
input_client_keysym(InputClient *client, guint32 keysym, gboolean down)
{
    if (client->input->sink && client->input->sink->keysym) {
        pass_keysym(client, keysym, down);
        return;
    }
    KeymapKey key = keymap_find(keysym);
    gboolean shift = client->held[QNUM_LEFT_SHIFT] || client->held[QNUM_RIGHT_SHIFT];
    if (!key.qnum || !client->input->sink)
        return;
    /* With caps lock on, letters come out the other way round; the client has seen to it. */
    gboolean letter = g_ascii_isalpha(keysym < 0x7f ? (char)keysym : 0);
    gboolean fits =
        key.either || !down || key.shift == shift || (letter && (client->input->leds & LED_CAPS));
    if (!fits)
        tap_shift(client, key.shift);
    input_client_key(client, key.qnum, down);
    if (!fits)
        restore_shift(client);
}

static void
set_buttons(InputClient *client, guint buttons)
{
    static const struct {
        guint bit;
        InputButton button;
    } map[] = {
        {0, BUTTON_LEFT},       {1, BUTTON_MIDDLE}, {2, BUTTON_RIGHT}, {3, BUTTON_WHEEL_UP},
        {4, BUTTON_WHEEL_DOWN}, {7, BUTTON_SIDE},   {8, BUTTON_EXTRA},
    };
    Input *input = client->input;
    guint changed = buttons ^ client->buttons;
    client->buttons = buttons;
    for (guint i = 0; i < G_N_ELEMENTS(map); i++)
        if (changed >> map[i].bit & 1)
            input->sink->button(input->user, map[i].button, buttons >> map[i].bit & 1);
}

void
input_client_pointer(InputClient *client, int x, int y, guint rfb_buttons)
{
    Input *input = client->input;
    if (!input->sink || !input->width || !input->height)
        return;
    input->sink->pointer(input->user, CLAMP(x, 0, input->width - 1),
                         CLAMP(y, 0, input->height - 1));
    set_buttons(client, rfb_buttons);
}

void
input_client_free(InputClient *client)
{
    if (!client)
        return;
    for (guint qnum = 0; qnum < N_QNUMS; qnum++)
        if (client->held[qnum])
            input_client_key(client, qnum, FALSE);
    for (guint i = 0; i < N_HELD; i++)
        if (client->held_keysyms[i])
            pass_keysym(client, client->held_keysyms[i], FALSE);
    if (client->input->sink)
        set_buttons(client, 0);
    g_free(client);
}

void
input_set_leds(Input *input, guint leds)
{
    input->leds = leds;
}

guint
input_leds(const Input *input)
{
    return input->leds;
}
