/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/log.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

static const char *
level_name(GLogLevelFlags level)
{
    switch (level & G_LOG_LEVEL_MASK) {
    case G_LOG_LEVEL_ERROR:
    case G_LOG_LEVEL_CRITICAL:
        return "critical";
    case G_LOG_LEVEL_WARNING:
        return "warning";
    case G_LOG_LEVEL_MESSAGE:
    case G_LOG_LEVEL_INFO:
        return "info";
    default:
        return "debug";
    }
}

static const char *
field_value(const GLogField *fields, gsize n_fields, const char *key)
{
    for (gsize i = 0; i < n_fields; i++)
        if (!strcmp(fields[i].key, key) && fields[i].length < 0)
            return fields[i].value;
    return NULL;
}

static void
write_line(const char *line, gsize size)
{
    while (size > 0) {
        ssize_t n = write(STDERR_FILENO, line, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return; /* nobody to tell */
        line += n;
        size -= (gsize)n;
    }
}

static GLogWriterOutput
writer(GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer program)
{
    const char *message = field_value(fields, n_fields, "MESSAGE");
    const char *domain = field_value(fields, n_fields, "GLIB_DOMAIN");

    if ((level & G_LOG_LEVEL_DEBUG) && !g_getenv("ORIEL_DEBUG"))
        return G_LOG_WRITER_HANDLED;
    /* Libraries' chatter below a warning is of no use to an administrator. */
    if ((level & G_LOG_LEVEL_INFO) && domain && !g_str_has_prefix(domain, "oriel") &&
        !g_getenv("ORIEL_DEBUG"))
        return G_LOG_WRITER_HANDLED;
    if (g_log_writer_is_journald(STDERR_FILENO))
        return g_log_writer_journald(level, fields, n_fields, NULL);

    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *time = g_date_time_format(now, "%Y-%m-%dT%H:%M:%S");
    g_autofree char *line = g_strdup_printf(
        "%s.%03dZ %s %s: %s", time, g_date_time_get_microsecond(now) / 1000, (const char *)program,
        level_name(level), message ? message : "(no message)");
    for (char *c = line; *c; c++)
        if ((guchar)*c < 0x20 || *c == 0x7f)
            *c = '?';
    gsize length = strlen(line);
    line[length] = '\n'; /* in the room of the NUL: written by length */
    write_line(line, length + 1);
    return G_LOG_WRITER_HANDLED;
}

void
oriel_log_init(const char *program)
{
    g_log_set_writer_func(writer, g_strdup(program), g_free);
    g_set_prgname(program);
}
