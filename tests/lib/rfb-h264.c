/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rfb-h264.h"
#include "h264-decoder.h"

#define ENCODING           50
#define RESET_CONTEXT      1
#define RESET_ALL_CONTEXTS 2
#define MAX_CONTEXTS       64

typedef struct {
    rfbRectangle box;
    H264Decoder *decoder;
} Context;

typedef struct {
    GArray *contexts; /* the oldest first */
    guint pictures, keys;
} State;

static char state_key;

static void
context_clear(gpointer user)
{
    h264_decoder_free(((Context *)user)->decoder);
}

static State *
state_of(rfbClient *client)
{
    State *state = rfbClientGetClientData(client, &state_key);

    if (!state) {
        state = g_new0(State, 1);
        state->contexts = g_array_new(FALSE, FALSE, sizeof(Context));
        g_array_set_clear_func(state->contexts, context_clear);
        rfbClientSetClientData(client, &state_key, state);
    }
    return state;
}

void
rfb_h264_clear(rfbClient *client)
{
    State *state = rfbClientGetClientData(client, &state_key);

    if (!state)
        return;
    rfbClientSetClientData(client, &state_key, NULL);
    g_array_unref(state->contexts);
    g_free(state);
}

guint
rfb_h264_pictures(rfbClient *client, guint *key)
{
    const State *state = state_of(client);

    if (key)
        *key = state->keys;
    return state->pictures;
}

static gint
find(const State *state, const rfbRectangle *box)
{
    for (guint i = 0; i < state->contexts->len; i++) {
        const rfbRectangle *other = &g_array_index(state->contexts, Context, i).box;

        if (other->x == box->x && other->y == box->y && other->w == box->w && other->h == box->h)
            return (gint)i;
    }
    return -1;
}

static H264Decoder *
decoder_for(State *state, const rfbRectangle *box, guint32 flags)
{
    gint at = find(state, box);
    Context context = {*box, NULL};

    if (flags & RESET_ALL_CONTEXTS)
        g_array_set_size(state->contexts, 0);
    else if (flags & RESET_CONTEXT && at >= 0)
        g_array_remove_index(state->contexts, (guint)at);
    at = find(state, box);
    if (at >= 0)
        return g_array_index(state->contexts, Context, at).decoder;
    if (state->contexts->len == MAX_CONTEXTS)
        g_array_remove_index(state->contexts, 0);
    context.decoder = h264_decoder_new();
    g_array_append_val(state->contexts, context);
    return context.decoder;
}

static gboolean
has_parameters(const guint8 *bytes, gsize size)
{
    for (gsize i = 0; i + 3 < size; i++)
        if (bytes[i] == 0 && bytes[i + 1] == 0 && bytes[i + 2] == 1 && (bytes[i + 3] & 31) == 7)
            return TRUE;
    return FALSE;
}

static guint32 *
pixels_at(rfbClient *client, const rfbRectangle *box)
{
    return (guint32 *)(gpointer)client->frameBuffer + (gsize)box->y * (gsize)client->width + box->x;
}

/* From x8r8g8b8 to how the client has its pixels. */
static void
to_format(rfbClient *client, const rfbRectangle *box)
{
    const rfbPixelFormat *format = &client->format;
    guint32 *row = pixels_at(client, box);

    for (int y = 0; y < box->h; y++, row += client->width)
        for (int x = 0; x < box->w; x++)
            row[x] = (row[x] >> 16 & 0xff) << format->redShift |
                     (row[x] >> 8 & 0xff) << format->greenShift |
                     (row[x] & 0xff) << format->blueShift;
}

static rfbBool
handle(rfbClient *client, rfbFramebufferUpdateRectHeader *rect)
{
    guint32 head[2];
    const rfbRectangle *box = &rect->r;
    State *state = state_of(client);
    g_autofree guint8 *bytes = NULL;
    guint32 size;

    if (rect->encoding != ENCODING)
        return FALSE;
    if (!ReadFromRFBServer(client, (char *)head, sizeof head))
        return FALSE;
    size = GUINT32_FROM_BE(head[0]);
    if (size > 64u << 20 || box->x + box->w > client->width || box->y + box->h > client->height ||
        client->format.bitsPerPixel != 32)
        return FALSE;
    bytes = g_malloc(size + 1u);
    if (!ReadFromRFBServer(client, (char *)bytes, size))
        return FALSE;
    state->pictures++;
    state->keys += has_parameters(bytes, size) ? 1 : 0; /* rfb.h has a TRUE of its own */
    if (!h264_decoder_decode(decoder_for(state, box, GUINT32_FROM_BE(head[1])), bytes, size,
                             pixels_at(client, box), client->width, box->w, box->h))
        return FALSE;
    to_format(client, box);
    return TRUE;
}

/* Without encodings of its own, so that only those ask for it who call rfb_h264_ask(). */
static gpointer
add_extension(gpointer unused)
{
    static rfbClientProtocolExtension extension = {.handleEncoding = handle};

    rfbClientRegisterExtension(&extension);
    return NULL;
}

gboolean
rfb_h264_ask(rfbClient *client, int quality)
{
    static GOnce once = G_ONCE_INIT;
    const gint32 encodings[] = {ENCODING,
                                rfbEncodingTight,
                                rfbEncodingCopyRect,
                                rfbEncodingRaw,
                                rfbEncodingQualityLevel0 + quality,
                                rfbEncodingNewFBSize,
                                rfbEncodingExtDesktopSize,
                                rfbEncodingLastRect};
    struct {
        guint8 type, pad;
        guint16 n;
        guint32 encodings[G_N_ELEMENTS(encodings)];
    } message = {rfbSetEncodings, 0, GUINT16_TO_BE(G_N_ELEMENTS(encodings)), {0}};

    g_once(&once, add_extension, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(encodings); i++)
        message.encodings[i] = GUINT32_TO_BE((guint32)encodings[i]);
    return WriteToRFBServer(client, (const char *)&message, sizeof message);
}
