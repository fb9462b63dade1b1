/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/*
 * A D-Bus daemon of its own with a QEMU on it that says what a test wants: the console and the
 * audio objects of org.qemu, and the connections that are registered with them. Runs in a thread of
 * its own; the functions wait for it.
 */

typedef struct FakeQemu FakeQemu;

FakeQemu *fake_qemu_new(void);
void fake_qemu_free(FakeQemu *qemu);
const char *fake_qemu_address(FakeQemu *qemu);

/* Both wait until somebody has registered (at most 10 s). */
GDBusConnection *
fake_qemu_screen(FakeQemu *qemu); /* the listener of the newest registration; borrowed */
GDBusConnection *fake_qemu_sound(FakeQemu *qemu);
/* A call to a listener, answered or not; arguments is floating. fds may be NULL. */
void fake_qemu_tell(GDBusConnection *listener, const char *path, const char *interface,
                    const char *method, GVariant *arguments, GUnixFDList *fds);
void fake_qemu_drop_screen(
    FakeQemu *qemu); /* closes the listener's connection, as a QEMU that gives up does */
void fake_qemu_leave(FakeQemu *qemu); /* gives up its name */
void fake_qemu_kill_bus(FakeQemu *qemu);

/* Input that has arrived, as text: "Press 30;Release 30;SetAbsPosition 3 4;…". Free it. */
char *fake_qemu_input(FakeQemu *qemu);
void fake_qemu_set_leds(FakeQemu *qemu, guint leds);
