/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "broker/api/fields.h"
#include "broker/http/http.h"
#include "broker/model/name.h"

/* Small words of the REST answers. */

#define PAGE_DEFAULT 100
#define PAGE_MAX     500

#define REPLY_WAIT_MAX 60

/* ?limit= and ?after=. FALSE after answering with a 400 problem. The page's limit is one more than
 * was asked for: see reply_list(). */
gboolean reply_page(HttpRequest *request, Page *page);

/* ?wait=, in seconds: REPLY_WAIT_MAX at most, 0 where it is not said. FALSE after answering with a
 * 400 problem. */
gboolean reply_wait(HttpRequest *request, guint *seconds);
/* What a caller who waits has seen: ?NAME=, from 0 to most; -1 where it says nothing of the kind.
 */
gint64 reply_seen(HttpRequest *request, const char *name, guint64 most);

/* Makes an item's JSON. */
typedef json_t *(*ReplyItem)(gpointer item, gpointer user);
/* The key that the next page comes after; owned by the caller. */
typedef char *(*ReplyKey)(gpointer item);
/* Answers with {items, next?}. items, of whatever item and key take, came from a page of
 * reply_page(). */
void reply_list(HttpRequest *request, const Page *page, GPtrArray *items, ReplyItem item,
                gpointer user, ReplyKey key);
/* The same for items in memory, an array in order that this takes over; key_name is the field of
 * its items that `after` names. */
void reply_array(HttpRequest *request, const Page *page, json_t *items, const char *key_name);

/* A time as JSON. */
json_t *reply_time(gint64 seconds);
json_t *reply_strings(const char *const *strings);
/* A string, or null. */
json_t *reply_text(const char *text);

/* The JSON body with fields begun on it; NULL after answering with a problem. */
json_t *reply_begin(HttpRequest *request, Fields *fields);
/* Ends fields; FALSE after answering with a problem. */
gboolean reply_check(HttpRequest *request, Fields *fields);
