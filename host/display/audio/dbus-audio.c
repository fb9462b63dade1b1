/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "audio/dbus-audio.h"

#include "audio/sample-format.h"

#define MAX_VOICES 16
#define MAX_WRITE  (1u << 20) /* bytes of one Write; QEMU's are 4 KB */

typedef struct {
    guint64 id;
    SampleFormat format;
    gboolean enabled;
    gboolean mute;
    guint16 left, right;
} Voice;

struct DbusAudio {
    Outbox *outbox;
    GArray *voices; /* Voice */
    guint64 heard;  /* a voice's id */
    gboolean playing;
};

static const char interface_xml[] =
    "<node><interface name='org.qemu.Display1.AudioOutListener'>"
    "<method name='Init'><arg type='t' direction='in'/><arg type='y' direction='in'/>"
    "<arg type='b' direction='in'/><arg type='b' direction='in'/><arg type='u' direction='in'/>"
    "<arg type='y' direction='in'/><arg type='u' direction='in'/><arg type='u' direction='in'/>"
    "<arg type='b' direction='in'/></method>"
    "<method name='Fini'><arg type='t' direction='in'/></method>"
    "<method name='SetEnabled'><arg type='t' direction='in'/><arg type='b' "
    "direction='in'/></method>"
    "<method name='SetVolume'><arg type='t' direction='in'/><arg type='b' direction='in'/>"
    "<arg type='ay' direction='in'/></method>"
    "<method name='Write'><arg type='t' direction='in'/><arg type='ay' direction='in'/></method>"
    "</interface></node>";

static Voice *
find_voice(DbusAudio *audio, guint64 id)
{
    for (guint i = 0; i < audio->voices->len; i++) {
        Voice *voice = &g_array_index(audio->voices, Voice, i);
        if (voice->id == id)
            return voice;
    }
    return NULL;
}

static void
silence(DbusAudio *audio)
{
    if (audio->playing)
        outbox_post_audio_stop(audio->outbox);
    audio->playing = FALSE;
}

/* Hears voice from now on. */
static void
hear(DbusAudio *audio, const Voice *voice)
{
    audio->heard = voice->id;
    audio->playing = TRUE;
    outbox_post_audio_start(audio->outbox, voice->format.rate);
    outbox_post_audio_volume(audio->outbox, voice->mute, voice->left, voice->right);
}

/* When the voice that is heard ends, another may still play. */
static void
hear_another(DbusAudio *audio)
{
    silence(audio);
    for (guint i = audio->voices->len; i-- > 0;) {
        Voice *voice = &g_array_index(audio->voices, Voice, i);
        if (voice->enabled) {
            hear(audio, voice);
            return;
        }
    }
}

static void
voice_ended(DbusAudio *audio, guint64 id)
{
    Voice *voice = find_voice(audio, id);
    if (!voice)
        return;
    g_array_remove_index(audio->voices, (guint)(voice - (Voice *)(void *)audio->voices->data));
    if (audio->playing && audio->heard == id)
        hear_another(audio);
}

static void
handle_init(DbusAudio *audio, GVariant *arguments)
{
    Voice voice = {.left = G_MAXUINT16, .right = G_MAXUINT16};
    guint8 bits, channels;
    g_variant_get(arguments, "(tybbuyuub)", &voice.id, &bits, &voice.format.is_signed,
                  &voice.format.is_float, &voice.format.rate, &channels, NULL, NULL,
                  &voice.format.big_endian);
    voice.format.bits = bits;
    voice.format.channels = channels;
    voice_ended(audio, voice.id);
    if (!sample_format_is_supported(&voice.format))
        g_message("The guest's sound format (%u bits, %u channels, %u Hz) is not supported.", bits,
                  channels, voice.format.rate);
    else if (audio->voices->len < MAX_VOICES)
        g_array_append_val(audio->voices, voice);
}

static void
handle_set_enabled(DbusAudio *audio, GVariant *arguments)
{
    guint64 id;
    gboolean enabled;
    g_variant_get(arguments, "(tb)", &id, &enabled);
    Voice *voice = find_voice(audio, id);
    if (!voice || voice->enabled == enabled)
        return;
    voice->enabled = enabled;
    if (enabled)
        hear(audio, voice);
    else if (audio->playing && audio->heard == id)
        hear_another(audio);
}

static void
handle_set_volume(DbusAudio *audio, GVariant *arguments)
{
    guint64 id;
    gboolean mute;
    g_autoptr(GVariant) array = NULL;
    g_variant_get(arguments, "(tb@ay)", &id, &mute, &array);
    gsize n;
    const guint8 *levels = g_variant_get_fixed_array(array, &n, 1);
    Voice *voice = find_voice(audio, id);
    if (!voice)
        return;
    voice->mute = mute;
    if (n > 0) { /* 0…255 to 0…65535 */
        voice->left = (guint16)(levels[0] * 257);
        voice->right = (guint16)(levels[n > 1 ? 1 : 0] * 257);
    }
    if (audio->playing && audio->heard == id)
        outbox_post_audio_volume(audio->outbox, mute, voice->left, voice->right);
}

static void
handle_write(DbusAudio *audio, GVariant *arguments)
{
    guint64 id;
    g_autoptr(GVariant) array = NULL;
    g_variant_get(arguments, "(t@ay)", &id, &array);
    gsize size;
    const guint8 *data = g_variant_get_fixed_array(array, &size, 1);
    Voice *voice = find_voice(audio, id);
    if (!voice || !audio->playing || audio->heard != id)
        return;
    gsize frames;
    gint16 *samples = sample_format_to_stereo(&voice->format, data, MIN(size, MAX_WRITE), &frames);
    g_autoptr(GBytes) bytes = g_bytes_new_take(samples, frames * 2 * sizeof *samples);
    if (frames > 0)
        outbox_post_audio(audio->outbox, bytes);
}

static void
method_call(GDBusConnection *connection, const char *sender, const char *path,
            const char *interface, const char *method, GVariant *arguments,
            GDBusMethodInvocation *invocation, gpointer user)
{
    DbusAudio *audio = user;
    if (g_str_equal(method, "Write")) {
        handle_write(audio, arguments);
    } else if (g_str_equal(method, "Init")) {
        handle_init(audio, arguments);
    } else if (g_str_equal(method, "Fini")) {
        guint64 id;
        g_variant_get(arguments, "(t)", &id);
        voice_ended(audio, id);
    } else if (g_str_equal(method, "SetEnabled")) {
        handle_set_enabled(audio, arguments);
    } else if (g_str_equal(method, "SetVolume")) {
        handle_set_volume(audio, arguments);
    }
    g_dbus_method_invocation_return_value(invocation, NULL);
}

DbusAudio *
dbus_audio_new(Outbox *outbox)
{
    DbusAudio *audio = g_new0(DbusAudio, 1);
    audio->outbox = outbox;
    audio->voices = g_array_new(FALSE, TRUE, sizeof(Voice));
    return audio;
}

void
dbus_audio_free(DbusAudio *audio)
{
    if (!audio)
        return;
    silence(audio);
    g_array_unref(audio->voices);
    g_free(audio);
}

guint
dbus_audio_export(DbusAudio *audio, GDBusConnection *connection, GError **error)
{
    static const GDBusInterfaceVTable vtable = {.method_call = method_call};
    g_autoptr(GDBusNodeInfo) info = g_dbus_node_info_new_for_xml(interface_xml, error);
    if (!info)
        return 0;
    return g_dbus_connection_register_object(connection, "/org/qemu/Display1/AudioOutListener",
                                             info->interfaces[0], &vtable, audio, NULL, error);
}
