/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/*
 * The name of the template that desktops of one image and shape are cloned from. It follows from
 * what it is made of, so that each broker and each start of one comes to the same: a template that
 * is there need not be remembered. Pure.
 */

typedef struct {
    const char *image;
    const char *version; /* of the image, its SHA-256; NULL or "" when it is not known */
    gint64 cpus, memory_mib, width, height;
} TemplateShape;

/* "auto.demo.2c-1024m-1280x800.1a2b3c4d", by name.h's rule; owned by the caller. */
char *template_name(const TemplateShape *shape);
/* Whether a template of that name was made by a broker, which may delete it again. */
gboolean template_name_is_ours(const char *name);
