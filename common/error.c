/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/error.h"

#include <string.h>

G_DEFINE_QUARK(oriel - error - quark, oriel_error)

static const char *const words[] = {
    [ORIEL_ERROR_FAILED] = "failed",           [ORIEL_ERROR_INVALID] = "invalid",
    [ORIEL_ERROR_NOT_FOUND] = "not-found",     [ORIEL_ERROR_EXISTS] = "exists",
    [ORIEL_ERROR_REFUSED] = "refused",         [ORIEL_ERROR_UNAUTHORIZED] = "unauthorized",
    [ORIEL_ERROR_UNAVAILABLE] = "unavailable", [ORIEL_ERROR_BUSY] = "busy",
    [ORIEL_ERROR_TIMEOUT] = "timeout",         [ORIEL_ERROR_NO_SPACE] = "no-space",
    [ORIEL_ERROR_PROTOCOL] = "protocol",
};

const char *
oriel_error_word(int code)
{
    if (code < 0 || (gsize)code >= G_N_ELEMENTS(words))
        return words[ORIEL_ERROR_FAILED];
    return words[code];
}

OrielError
oriel_error_from_word(const char *word)
{
    for (gsize i = 0; word && i < G_N_ELEMENTS(words); i++)
        if (!strcmp(words[i], word))
            return i;
    return ORIEL_ERROR_FAILED;
}
