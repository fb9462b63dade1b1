/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "viewer/announce.h"

/* Screen readers read an alert when it begins to show; a label that is there all the time, so that
 * nothing jumps, says so itself. */
void
announce_label(GtkWidget *label)
{
    AtkObject *accessible = gtk_widget_get_accessible(label);
    atk_object_set_role(accessible, ATK_ROLE_ALERT);
    atk_object_notify_state_change(accessible, ATK_STATE_SHOWING, TRUE);
}
