/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "viewer/settings.h"

/* Light or dark: as the person chose, or as the system says (the desktop portal's color-scheme,
 * watched; the theme's own variant where there is none). One for the program's life, on the main
 * thread. */
typedef struct Appearance Appearance;

Appearance *appearance_new(AppearanceChoice choice);
void appearance_free(Appearance *appearance);
void appearance_set(Appearance *appearance, AppearanceChoice choice);
