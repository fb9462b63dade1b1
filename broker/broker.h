/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/options.h"

/* The whole broker: store, certificates, hosts, sessions, REST, gateway, port. Main thread only. */

typedef struct Broker Broker;

/* Opens everything; the main loop does the rest. The options are borrowed for its life. */
Broker *broker_new(const BrokerOptions *options, GError **error);
void broker_free(Broker *broker);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Broker, broker_free)

guint16 broker_port(Broker *broker);
const char *broker_fingerprint(Broker *broker);
