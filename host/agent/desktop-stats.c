/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "desktop-private.h"

json_t *
desktop_network_to_json(const MachineNetwork *network)
{
    if (network->state == NULL)
        return json_null();
    return json_pack("{s:s, s:i, s:i, s:I, s:I}", "state", network->state, "pid", (int)network->pid,
                     "restarts", (int)network->restarts, "sent_bytes",
                     (json_int_t)network->sent_bytes, "received_bytes",
                     (json_int_t)network->received_bytes);
}

typedef struct {
    Desktop *desktop;
    DisplayStats done;
    gpointer user;
} StatsCall;

/* What the display counts, and what the network has carried. Without a result the desktop may be
 * going. */
static void
on_display_stats(json_t *result, const GError *error, gpointer user)
{
    g_autofree StatsCall *call = user;
    MachineStatus status = {0};
    if (result != NULL) {
        call->desktop->machine->ops->observe(call->desktop->machine, &status);
        json_object_set_new(result, "network", desktop_network_to_json(&status.network));
    }
    call->done(result, error, call->user);
}

void
desktop_stats(Desktop *desktop, DisplayStats done, gpointer user)
{
    StatsCall *call = g_new0(StatsCall, 1);
    *call = (StatsCall){.desktop = desktop, .done = done, .user = user};
    display_process_stats(desktop->display, on_display_stats, call);
}
