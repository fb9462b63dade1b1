/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/host-set.h"
#include "broker/model/volume.h"

/* Deleting users' homes, which only an administrator does. The store knows before the host is told;
 * what got lost is sent again by volume_care_run(). Main thread only. */

typedef struct VolumeCare VolumeCare;

/* Borrowed; they outlive it. */
VolumeCare *volume_care_new(Store *store, HostSet *hosts);
void volume_care_free(VolumeCare *care);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VolumeCare, volume_care_free)

/* ORIEL_ERROR_REFUSED while a desktop has it. */
gboolean volume_care_delete(Store *store, const Volume *volume, GError **error);
/* Tells the hosts that are there to delete what is to go. */
void volume_care_run(VolumeCare *care);
