/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/session-book.h"

/* Ends the sessions of those who may not have them any more: disabled users, and whom no pool's
 * entitlement names, themselves or by a group. What they keep stays. One query where all is well.
 * Main thread only. */
void entitlement_care_run(Store *store, SessionBook *sessions);
