/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "desktop-private.h"

/* How often a machine is asked in the time that it has for an answer. Looks are counted, not
 * seconds: while this host itself got no processor, no machine was silent. */
#define LOOKS 3

/* Not again until it has answered, however long it stays so. */
static void
tell_silence(Desktop *desktop)
{
    g_autoptr(GDateTime) since = g_date_time_new_from_unix_utc(desktop->asked_at);
    g_autofree char *time = g_date_time_format(since, "%F %R UTC");
    desktop->silence = g_strdup_printf("The desktop's machine has not answered since %s; it may be "
                                       "stuck. If it stays so, restart it by force.",
                                       time);
    g_warning("The machine of the desktop “%s” (%s) does not answer.", desktop->record->name,
              desktop->record->id);
    desktop_record_note(desktop->record, desktop->silence);
    desktop_tell(desktop);
}

static gboolean
on_look(gpointer user)
{
    Desktop *desktop = user;
    if (!desktop->machine->ops->ask(desktop->machine))
        desktop->asked = 0;
    else if (desktop->asked++ == 0)
        desktop->asked_at = g_get_real_time() / G_USEC_PER_SEC;
    else if (desktop->asked > LOOKS && desktop->silence == NULL)
        tell_silence(desktop);
    return G_SOURCE_CONTINUE;
}

void
desktop_watch(Desktop *desktop)
{
    int timeout = desktop->settings->answer_timeout_s;
    if (timeout == 0 || desktop->watch != 0 || desktop->delete_begun ||
        desktop->machine->ops->ask == NULL)
        return;
    /* Whole seconds let many desktops wake this host up at once. */
    desktop->watch = timeout % LOOKS == 0
                         ? g_timeout_add_seconds((guint)(timeout / LOOKS), on_look, desktop)
                         : g_timeout_add((guint)(timeout * 1000 / LOOKS), on_look, desktop);
}

void
desktop_heard(Desktop *desktop)
{
    desktop->asked = 0;
    if (desktop->silence == NULL)
        return;
    g_message("The machine of the desktop “%s” (%s) answers again.", desktop->record->name,
              desktop->record->id);
    g_clear_pointer(&desktop->silence, g_free);
    desktop_tell(desktop);
}

void
desktop_forget_watch(Desktop *desktop)
{
    g_clear_handle_id(&desktop->watch, g_source_remove);
    g_clear_pointer(&desktop->silence, g_free);
    desktop->asked = 0;
}

const char *
desktop_paused_text(const Desktop *desktop)
{
    return desktop->silence != NULL ? desktop->silence : desktop_held_text(desktop);
}

void
desktop_pause_to_json(const Desktop *desktop, json_t *json)
{
    gboolean answers = desktop->silence == NULL;
    const char *text = desktop_paused_text(desktop);
    json_object_set_new(json, "paused", text != NULL ? json_string(text) : json_null());
    json_object_set_new(json, "answers", json_boolean(answers));
    if (text == NULL)
        return;
    json_object_set_new(json, "reason", json_string(text));
    json_object_set_new(
        json, "step_text",
        json_string(answers ? "Paused: the host's disk is full" : "Its machine does not answer"));
}
