/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rfb-input.h"

#include "../input/keymap.h"

#include <pthread.h> /* rather than GLib's locks: ThreadSanitizer follows these */
#include <sys/eventfd.h>
#include <unistd.h>

#define N_QNUMS     256
#define LEFT_SHIFT  0x2a
#define RIGHT_SHIFT 0x36

struct RfbInput {
    void (*full)(gpointer user);
    gpointer user;
    int wake;
    /* The main thread's. */
    guint32 pressed[N_QNUMS]; /* what each key made when it went down; 0: it is up */
    int x, y;
    guint buttons;

    pthread_mutex_t lock; /* guards the queue; a leaf lock */
    RfbOrder orders[RFB_INPUT_MAX];
    guint first, count;
};

static RfbOrder *
at_locked(RfbInput *input, guint i)
{
    return &input->orders[(input->first + i) % RFB_INPUT_MAX];
}

void
rfb_order_clear(RfbOrder *order)
{
    g_clear_pointer(&order->text, g_free);
}

static void
clear_locked(RfbInput *input)
{
    for (guint i = 0; i < input->count; i++)
        rfb_order_clear(at_locked(input, i));
    input->first = input->count = 0;
}

/* The order that this one replaces, or NULL. */
static RfbOrder *
replaced_locked(RfbInput *input, const RfbOrder *order)
{
    RfbOrder *last = input->count ? at_locked(input, input->count - 1) : NULL;
    if (!last || last->kind != order->kind || order->kind == RFB_ORDER_KEY ||
        (order->kind == RFB_ORDER_POINTER && last->buttons != order->buttons))
        return NULL;
    return last;
}

/* Takes over the order's text. */
static void
put(RfbInput *input, RfbOrder order)
{
    gboolean full = FALSE;
    pthread_mutex_lock(&input->lock);
    RfbOrder *place = replaced_locked(input, &order);
    if (!place && input->count == RFB_INPUT_MAX) {
        full = TRUE;
        clear_locked(input);
    }
    if (place)
        rfb_order_clear(place);
    else
        place = at_locked(input, input->count++);
    *place = order;
    pthread_mutex_unlock(&input->lock);
    if (full)
        input->full(input->user);
    rfb_input_wake(input);
}

RfbInput *
rfb_input_new(void (*full)(gpointer user), gpointer user)
{
    RfbInput *input = g_new0(RfbInput, 1);
    input->full = full;
    input->user = user;
    input->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&input->lock, NULL);
    return input;
}

void
rfb_input_free(RfbInput *input)
{
    if (!input)
        return;
    clear_locked(input);
    if (input->wake >= 0)
        close(input->wake);
    pthread_mutex_destroy(&input->lock);
    g_free(input);
}

/* --- the main thread's side --- */

static void
key(gpointer user, guint qnum, gboolean down)
{
    RfbInput *input = user;
    if (qnum >= N_QNUMS)
        return;
    gboolean shift = input->pressed[LEFT_SHIFT] || input->pressed[RIGHT_SHIFT];
    guint32 keysym = down ? keymap_keysym(qnum, shift) : input->pressed[qnum];
    input->pressed[qnum] = down ? keysym : 0;
    put(input, (RfbOrder){.kind = RFB_ORDER_KEY, .keysym = keysym, .qnum = qnum, .down = down});
}

static void
keysym_key(gpointer user, guint32 keysym, gboolean down)
{
    put(user, (RfbOrder){.kind = RFB_ORDER_KEY, .keysym = keysym, .down = down});
}

static void
put_pointer(RfbInput *input)
{
    put(input,
        (RfbOrder){
            .kind = RFB_ORDER_POINTER, .x = input->x, .y = input->y, .buttons = input->buttons});
}

static void
pointer(gpointer user, int x, int y)
{
    RfbInput *input = user;
    input->x = x;
    input->y = y;
    put_pointer(input);
}

static void
button(gpointer user, InputButton which, gboolean down)
{
    static const guint bits[] = {0, 1, 2, 3, 4, 7, 8}; /* RFB's, by InputButton */
    RfbInput *input = user;
    guint bit = 1u << bits[which];
    input->buttons = down ? input->buttons | bit : input->buttons & ~bit;
    put_pointer(input);
}

const InputSink rfb_input_sink = {
    .key = key, .keysym = keysym_key, .pointer = pointer, .button = button};

void
rfb_input_resize(RfbInput *input, int width, int height)
{
    put(input, (RfbOrder){.kind = RFB_ORDER_RESIZE, .x = width, .y = height});
}

void
rfb_input_clip(RfbInput *input, const char *text)
{
    put(input, (RfbOrder){.kind = RFB_ORDER_TEXT, .text = g_strdup(text)});
}

/* --- the source's thread --- */

int
rfb_input_fd(const RfbInput *input)
{
    return input->wake;
}

void
rfb_input_wake(RfbInput *input)
{
    /* It cannot overflow in this life. */
    if (eventfd_write(input->wake, 1) != 0)
        g_debug("The source could not be woken.");
}

gboolean
rfb_input_take(RfbInput *input, RfbOrder *order)
{
    eventfd_t count;
    pthread_mutex_lock(&input->lock);
    gboolean any = input->count > 0;
    if (any) {
        *order = *at_locked(input, 0);
        input->first = (input->first + 1) % RFB_INPUT_MAX;
        input->count--;
    } else if (eventfd_read(input->wake, &count) != 0) {
        count = 0; /* nobody has woken it */
    }
    pthread_mutex_unlock(&input->lock);
    return any;
}

void
rfb_input_clear(RfbInput *input)
{
    pthread_mutex_lock(&input->lock);
    clear_locked(input);
    pthread_mutex_unlock(&input->lock);
}
