/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/host-set.h"
#include "broker/model/pool.h"
#include "broker/store/store.h"

/*
 * Sees to it that each host that serves a pool of clones has, or makes, the pool's template, for
 * the image of now and the one a rollback returns to, and that templates which no pool wants any
 * more go. What is wanted follows from the pools, what is there from the hosts' reports: nothing is
 * remembered, so nothing is lost. A template that failed is left so, with its reason, until
 * somebody asks for it again. Main thread only.
 */

typedef struct TemplateCare TemplateCare;

/* Borrowed; they outlive it. */
TemplateCare *template_care_new(Store *store, HostSet *hosts);
void template_care_free(TemplateCare *care);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TemplateCare, template_care_free)

/* Compares what is wanted with what is there and calls the hosts. */
void template_care_run(TemplateCare *care);

/* The arguments of template.make for that name; a new reference. */
json_t *template_care_args(const Pool *pool, const char *image, const char *name);
/* Whether the pool's desktops may be on that host. */
gboolean template_care_serves(HostLink *link, const Pool *pool);
/* How many desktops stand on that template, counted: a host reports a template only when it
 * changes.
 */
guint template_care_desktops(HostLink *link, const char *name);
