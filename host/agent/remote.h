/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "host/agent/provider.h"

/*
 * Machines that are there anyway and show their screens by VNC: nothing is run, started or ended
 * here. Such a one starts when it answers at its address.
 */
Provider *remote_provider_new(void);

/* "HOST:PORT", an IPv6 address in brackets, and nothing that would end it in a "--source". */
gboolean remote_address_is_valid(const char *address);
/* Keeps the password where remote machines of this state folder have it. "" removes it. */
gboolean remote_password_save(const char *state_dir, const char *password, GError **error);
