/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/api/api.h"

/* Requests that wait until an image or a template differs from what their caller has seen. Main
 * thread only. */

#define ITEM_WAITS_MAX 256

ItemWaits *item_waits_new(void);
/* Those that wait are dropped unanswered: the server is going. */
void item_waits_free(ItemWaits *waits);

/* Makes an item's answer. */
typedef json_t *(*ItemJson)(const json_t *item, HostLink *link);

/*
 * Answers the request with the item as it is, or, where the request says ?wait=SECONDS (60 at
 * most), once it differs in state or progress from ?state= and ?progress= (nothing said: from now),
 * is gone (404), or the time is over. key is the item's; it is there.
 */
void item_waits_answer(ItemWaits *waits, HttpRequest *request, HostLink *link, HostKind kind,
                       const char *key, ItemJson json);

/* That item changed or went. */
void item_waits_changed(ItemWaits *waits, HostLink *link, HostKind kind, const char *key);
