/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "host/agent/provider.h"
#include "host/agent/settings.h"

/* The provider of machines that are QEMU processes of our own, each with a private dbus-daemon for
 * its screen, sound and input. settings must outlive it. */
Provider *qemu_provider_new(const HostSettings *settings);
