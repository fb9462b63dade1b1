/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sink/spice-sound.h"

#include <speex/speex_resampler.h>
#include <string.h>

#define CHUNK   1024 /* frames resampled at a time */
#define QUALITY 4    /* of speex' 0…10 */

struct SpiceSound {
    SpicePlaybackInstance instance;
    guint rate;                     /* of the guest; 0 while silent */
    guint out_rate;                 /* of the viewer */
    SpeexResamplerState *resampler; /* NULL: the rates are the same */
    uint32_t *buffer; /* libspice-server's, to be filled; a sample is one stereo frame */
    uint32_t size, used;
};

static const SpicePlaybackInterface playback_interface = {
    .base = {SPICE_INTERFACE_PLAYBACK, "oriel sound", SPICE_INTERFACE_PLAYBACK_MAJOR,
             SPICE_INTERFACE_PLAYBACK_MINOR},
};

SpiceSound *
spice_sound_new(SpiceServer *server)
{
    SpiceSound *sound = g_new0(SpiceSound, 1);
    sound->instance.base.sif = &playback_interface.base;
    spice_server_add_interface(server, &sound->instance.base);
    return sound;
}

void
spice_sound_free(SpiceSound *sound)
{
    if (!sound)
        return;
    g_clear_pointer(&sound->resampler, speex_resampler_destroy);
    g_free(sound);
}

/* The best rate is known only once the viewer's channel is there, so it is asked again at each
 * buffer. */
static void
choose_rate(SpiceSound *sound)
{
    guint rate = spice_server_get_best_playback_rate(&sound->instance);
    if (rate == 0)
        rate = SPICE_INTERFACE_PLAYBACK_FREQ;
    if (rate == sound->out_rate)
        return;
    sound->out_rate = rate;
    g_clear_pointer(&sound->resampler, speex_resampler_destroy);
    if (rate != sound->rate)
        sound->resampler = speex_resampler_init(2, sound->rate, rate, QUALITY, NULL);
    spice_server_set_playback_rate(&sound->instance, rate);
}

void
spice_sound_start(SpiceSound *sound, guint rate)
{
    spice_sound_stop(sound);
    sound->rate = rate;
    sound->out_rate = 0;
    choose_rate(sound);
    spice_server_playback_start(&sound->instance);
}

void
spice_sound_stop(SpiceSound *sound)
{
    if (!sound->rate)
        return;
    sound->rate = 0;
    sound->buffer = NULL; /* stopping takes it back */
    spice_server_playback_stop(&sound->instance);
    g_clear_pointer(&sound->resampler, speex_resampler_destroy);
}

static void
put(SpiceSound *sound, const gint16 *samples, gsize frames)
{
    while (frames > 0) {
        if (!sound->buffer) {
            spice_server_playback_get_buffer(&sound->instance, &sound->buffer, &sound->size);
            sound->used = 0;
            if (!sound->buffer)
                return; /* no viewer listens, or it is behind */
        }
        gsize part = MIN(frames, sound->size - sound->used);
        memcpy(sound->buffer + sound->used, samples, part * sizeof(uint32_t));
        sound->used += (uint32_t)part;
        samples += part * 2;
        frames -= part;
        if (sound->used == sound->size) {
            spice_server_playback_put_samples(&sound->instance, sound->buffer);
            sound->buffer = NULL;
        }
    }
}

void
spice_sound_write(SpiceSound *sound, const gint16 *samples, gsize frames)
{
    if (!sound->rate)
        return;
    if (!sound->buffer)
        choose_rate(sound);
    if (!sound->resampler) {
        put(sound, samples, frames);
        return;
    }
    while (frames > 0) {
        gint16 out[CHUNK * 2];
        spx_uint32_t in_frames = (spx_uint32_t)MIN(frames, CHUNK / 4), out_frames = CHUNK;
        if (speex_resampler_process_interleaved_int(sound->resampler, samples, &in_frames, out,
                                                    &out_frames) != RESAMPLER_ERR_SUCCESS ||
            in_frames == 0)
            return;
        put(sound, out, out_frames);
        samples += in_frames * 2;
        frames -= in_frames;
    }
}

void
spice_sound_volume(SpiceSound *sound, gboolean mute, guint16 left, guint16 right)
{
    uint16_t volume[2] = {left, right};
    spice_server_playback_set_volume(&sound->instance, 2, volume);
    spice_server_playback_set_mute(&sound->instance, mute != FALSE);
}
