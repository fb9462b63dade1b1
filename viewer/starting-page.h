/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "viewer/answers.h"

#include <gtk/gtk.h>

/* How far a desktop's start is. "cancelled". */
#define STARTING_TYPE_PAGE (starting_page_get_type())
G_DECLARE_FINAL_TYPE(StartingPage, starting_page, STARTING, PAGE, GtkBox)

void starting_page_begin(StartingPage *page, const char *title);
void starting_page_set_progress(StartingPage *page, const SessionInfo *session);
