/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "host/agent/provider.h"
#include "host/agent/settings.h"

/*
 * One making of a template: boots a machine on an overlay of the image, waits until its agent says
 * that the desktop stands, saves it, and freezes its files: FOLDER/{disk.qcow2, memory, state}.
 * Main-context object.
 */
typedef struct TemplateMaker TemplateMaker;

typedef struct {
    /* step_text is a phrase for people. */
    void (*progress)(guint percent, const char *step_text, gpointer user);
    /* Called once. error NULL: the files are frozen and on the disk. Else nothing runs any more,
     * and the folder is to be removed. The maker may be freed here. */
    void (*done)(const GError *error, gpointer user);
} TemplateMakerEvents;

typedef struct {
    const HostSettings *settings;
    Provider *provider;
    const char *generation; /* a UUID: the machine's */
    const char *name;       /* the template's */
    const char *folder;     /* the generation's; it exists and is empty */
    const char *image_dir, *cmdline;
    guint cpus, memory_mib, width, height;
} TemplateMakerPlace;

/* place is copied. */
TemplateMaker *template_maker_new(const TemplateMakerPlace *place,
                                  const TemplateMakerEvents *events, gpointer user);
/* Ends what runs; done() follows with ORIEL_ERROR_FAILED. */
void template_maker_cancel(TemplateMaker *maker);
/* A machine under way goes on running: the next host ends it. NULL is fine. */
void template_maker_free(TemplateMaker *maker);

/* Ends what an earlier host's making of this generation left running, and calls cleared. */
TemplateMaker *template_maker_clear(const TemplateMakerPlace *place,
                                    const TemplateMakerEvents *events, gpointer user);
