/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "../guest-agent/clipboard.h"
#include "source.h"

/* The clipboard of a source that has one of its own, as a party of the common one. Main thread
 * only. */
typedef struct SourceClipboard SourceClipboard;

/* The source must outlive it. */
SourceClipboard *source_clipboard_new(Clipboard *clipboard, const SourceType *type, Source *source);
void source_clipboard_free(SourceClipboard *clipboard);
/* Somebody copied this on the source's side; UTF-8. */
void source_clipboard_copied(SourceClipboard *clipboard, const char *text);
