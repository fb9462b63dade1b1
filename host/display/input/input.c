/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "input/input.h"

#include <string.h>

#define N_QNUMS 256

struct Input {
    const InputSink *sink;
    gpointer user;
    int width, height;
    guint leds;
};

struct InputClient {
    Input *input;
    gboolean held[N_QNUMS];
    guint buttons; /* RFB's bits */
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
