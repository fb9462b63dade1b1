/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* The project's error domain. Messages are whole sentences for a person and hold no secrets. */
typedef enum {
    ORIEL_ERROR_FAILED,  /* something else went wrong */
    ORIEL_ERROR_INVALID, /* the input is malformed */
    ORIEL_ERROR_NOT_FOUND,
    ORIEL_ERROR_EXISTS,
    ORIEL_ERROR_REFUSED,      /* understood, and not allowed (now) */
    ORIEL_ERROR_UNAUTHORIZED, /* who are you? */
    ORIEL_ERROR_UNAVAILABLE,  /* the other side is not there */
    ORIEL_ERROR_BUSY,         /* a bound is reached; try later */
    ORIEL_ERROR_TIMEOUT,
    ORIEL_ERROR_NO_SPACE,
    ORIEL_ERROR_PROTOCOL, /* the other side broke the protocol */
} OrielError;

#define ORIEL_ERROR (oriel_error_quark())
GQuark oriel_error_quark(void);

/* The wire's word for a code ("not-found"), and back; an unknown word is ORIEL_ERROR_FAILED. */
const char *oriel_error_word(int code);
OrielError oriel_error_from_word(const char *word);
