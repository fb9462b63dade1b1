/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "../source/dbus-outbox.h"
#include <gio/gio.h>

/*
 * QEMU's org.qemu.Display1.AudioOutListener: the guest's sound as stereo S16. A guest may open
 * several voices; the one that was switched on last is heard. Capture thread only.
 */

typedef struct DbusAudio DbusAudio;

DbusAudio *dbus_audio_new(Outbox *outbox);
void dbus_audio_free(DbusAudio *audio);
/* Exports the object on a connection to QEMU; the audio outlives the connection. 0 on failure,
 * never seen. */
guint dbus_audio_export(DbusAudio *audio, GDBusConnection *connection, GError **error);
