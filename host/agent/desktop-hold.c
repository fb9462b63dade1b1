/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "desktop-private.h"

#include "host/agent/resources.h"

/* How often the room is looked at, while a desktop waits for it. */
#define LOOK_S 2
/* With less than this it would stand still again at once. */
#define ROOM_MIB 32

#define HELD_TEXT                                                                                  \
    "This host's disk is full: the desktop is paused, and goes on by itself when there is room."

/* A disk may be full, and not quite, many times: that is said once. */
static void
note(Desktop *desktop)
{
    const json_t *notes = desktop->record->notes;
    for (gsize i = 0; i < json_array_size(notes); i++) {
        const json_t *text = json_object_get(json_array_get(notes, i), "text");
        if (g_strcmp0(json_string_value(text), HELD_TEXT) == 0)
            return;
    }
    desktop_record_note(desktop->record, HELD_TEXT);
}

/* Of every disk that it writes to. */
static gboolean
has_room(const Desktop *desktop)
{
    if (resources_disk_free_mib(desktop->spec.state_dir) < ROOM_MIB)
        return FALSE;
    for (char **disk = desktop->spec.volume_disks; *disk != NULL; disk++)
        if (resources_disk_free_mib(*disk) < ROOM_MIB)
            return FALSE;
    return TRUE;
}

static gboolean
on_look(gpointer user)
{
    Desktop *desktop = user;
    if (has_room(desktop))
        desktop->machine->ops->go_on(desktop->machine);
    return G_SOURCE_CONTINUE; /* until it runs */
}

void
desktop_hold(Desktop *desktop)
{
    if (desktop->held != 0 || desktop->delete_begun)
        return;
    g_warning("The desktop “%s” (%s) is paused: this host's disk is full.", desktop->record->name,
              desktop->record->id);
    desktop->held = g_timeout_add_seconds(LOOK_S, on_look, desktop);
    note(desktop);
    desktop_tell(desktop);
}

void
desktop_release(Desktop *desktop)
{
    if (desktop->held == 0)
        return;
    g_message("The desktop “%s” (%s) goes on.", desktop->record->name, desktop->record->id);
    desktop_forget_hold(desktop);
    desktop_tell(desktop);
}

void
desktop_forget_hold(Desktop *desktop)
{
    g_clear_handle_id(&desktop->held, g_source_remove);
}

const char *
desktop_held_text(const Desktop *desktop)
{
    return desktop->held != 0 ? HELD_TEXT : NULL;
}
