/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * What the viewer remembers between runs: recent addresses, the last user name, how it looks. A key
 * file of the user, $XDG_CONFIG_HOME/oriel/viewer.conf; a damaged one is the same as none. No
 * secrets. Main thread only.
 */
typedef struct Settings Settings;

#define SETTINGS_MAX_RECENT 8

typedef enum { APPEARANCE_SYSTEM, APPEARANCE_LIGHT, APPEARANCE_DARK } AppearanceChoice;

Settings *settings_new(const char *path); /* NULL: the user's own */
void settings_free(Settings *settings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Settings, settings_free)

/* Newest first, at most SETTINGS_MAX_RECENT; owned by settings until the next change. */
const char *const *settings_recent(Settings *settings);
/* The user name that was last used with this address (as shown to people); NULL for none. Caller
 * owns. */
char *settings_user(Settings *settings, const char *address);
void settings_remember(Settings *settings, const char *address, const char *user);

/* Of a desktop's window: in the toolkit's pixels, as it was when not maximized. FALSE: nothing (of
 * use) is remembered. */
gboolean settings_window(Settings *settings, int *width, int *height, gboolean *maximized);
/* A width of 0 leaves the size as it is. */
void settings_set_window(Settings *settings, int width, int height, gboolean maximized);

AppearanceChoice settings_appearance(Settings *settings);
void settings_set_appearance(Settings *settings, AppearanceChoice choice);

/* "system", "light", "dark". */
const char *appearance_choice_word(AppearanceChoice choice);
AppearanceChoice appearance_choice_from_word(const char *word);
