/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/cli/password.h"

#include "common/error.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

void
password_free(char *password)
{
    if (!password)
        return;
    explicit_bzero(password, strlen(password));
    g_free(password);
}

/* Reads a line, byte by byte so that nothing after it is taken from the stream. */
static char *
read_line(int fd, GError **error)
{
    char line[PASSWORD_MAX + 1];
    gsize length = 0;
    char *password = NULL;
    char c;

    while (length < sizeof line && read(fd, &c, 1) == 1 && c != '\n')
        line[length++] = c;
    if (length > 0 && line[length - 1] == '\r')
        length--;
    if (length == 0)
        g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_INVALID, "No password was given.");
    else if (length > PASSWORD_MAX || !g_utf8_validate_len(line, length, NULL))
        g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_INVALID,
                            "The password is too long, or no text.");
    else
        password = g_strndup(line, length);
    explicit_bzero(line, sizeof line);
    return password;
}

char *
password_from_stdin(GError **error)
{
    return read_line(STDIN_FILENO, error);
}

static char *
ask_once(const char *prompt, GError **error)
{
    struct termios before, quiet;

    if (tcgetattr(STDIN_FILENO, &before) < 0) {
        g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_INVALID,
                            "There is no terminal to ask for the password; use --password-stdin.");
        return NULL;
    }
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    fprintf(stderr, "%s: ", prompt);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    char *password = read_line(STDIN_FILENO, error);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    fputc('\n', stderr);
    return password;
}

char *
password_ask(const char *prompt, gboolean twice, GError **error)
{
    char *first = ask_once(prompt, error);

    if (!first || !twice)
        return first;
    char *second = ask_once("Once more", error);
    if (second && strcmp(first, second) != 0) {
        g_set_error_literal(error, ORIEL_ERROR, ORIEL_ERROR_INVALID, "The two passwords differ.");
        g_clear_pointer(&second, password_free);
    }
    password_free(first);
    return second;
}
