/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* What oriel-broker is told: its command line over its configuration file over the defaults. */

typedef enum { BROKER_SERVE, BROKER_INIT_ADMIN, BROKER_FINGERPRINT, BROKER_VERSION } BrokerAction;

typedef struct {
    BrokerAction action;
    char *admin; /* BROKER_INIT_ADMIN: the name */
    char *state_dir;
    char **addresses;  /* numeric, to listen on */
    char *public_name; /* NULL: not set */
    guint16 port;
    guint connections_of_address; /* HTTPS connections of one client's address; 0: no bound */
    gint64 grace_seconds;         /* for desktops nobody knows; 0: for ever */
    GHashTable *hosts;            /* name → address */
    char **host_names;            /* in the order of the file */
} BrokerOptions;

/* NULL with error: ORIEL_ERROR_INVALID for what is wrong in a file, G_OPTION_ERROR for the command
 * line. */
BrokerOptions *broker_options_new(int *argc, char ***argv, GError **error);
void broker_options_free(BrokerOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BrokerOptions, broker_options_free)
