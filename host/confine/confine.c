/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "confine.h"

#include "common/error.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define READ_FILES (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define OWN_FILES                                                                                  \
    (READ_FILES | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |                 \
     LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK)
/* Whatever the first version of Landlock knows. */
#define ALL_FILES ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)

static const guint64 rights[] = {[CONFINE_READ] = READ_FILES,
                                 [CONFINE_READ_FILE] = LANDLOCK_ACCESS_FS_READ_FILE,
                                 [CONFINE_OWN] = OWN_FILES};

gboolean
confine_begin(GError **error)
{
    const struct rlimit none = {0, 0};

    setrlimit(RLIMIT_CORE, &none); /* no memory of guests or clients in a file */
    if (!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return TRUE;
    g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED, "No new privileges: %s.",
                g_strerror(errno));
    return FALSE;
}

/* --- files
 * ------------------------------------------------------------------------------------------- */

/* A place that is not there needs no rule. */
static gboolean
allow(int rules, const char *path, guint64 access, GError **error)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = access};
    int status;

    rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0)
        return TRUE;
    status = (int)syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    close(rule.parent_fd);
    if (status)
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED, "Landlock does not take “%s”: %s.",
                    path, g_strerror(errno));
    return !status;
}

static gboolean
allow_all(int rules, const ConfinePlaces *places, GError **error)
{
    for (guint i = 0; places->paths[i]; i++)
        if (!allow(rules, places->paths[i], rights[places->access], error))
            return FALSE;
    return TRUE;
}

gboolean
confine_files(const ConfinePlaces *places, gsize count, GError **error)
{
    const struct landlock_ruleset_attr handled = {.handled_access_fs = ALL_FILES};
    int rules = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);
    gboolean good = TRUE;

    if (rules < 0) { /* the kernel has none, or it is turned off */
        g_debug("No Landlock: %s.", g_strerror(errno));
        return TRUE;
    }
    for (gsize i = 0; i < count && good; i++)
        good = allow_all(rules, &places[i], error);
    if (good && syscall(SYS_landlock_restrict_self, rules, 0)) {
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED, "Landlock: %s.", g_strerror(errno));
        good = FALSE;
    }
    close(rules);
    return good;
}

/* --- system calls
 * ------------------------------------------------------------------------------------------- */

void
confine_filter_init(ConfineFilter *filter, guint32 otherwise)
{
    *filter = (ConfineFilter){.context = seccomp_init(otherwise)};
    if (!filter->context)
        filter->status = -ENOMEM;
}

void
confine_filter_add(ConfineFilter *filter, guint32 action, int number)
{
    confine_filter_add_when(filter, action, number, NULL, 0);
}

void
confine_filter_add_when(ConfineFilter *filter, guint32 action, int number,
                        const struct scmp_arg_cmp *when, guint count)
{
    if (!filter->status)
        filter->status = seccomp_rule_add_array(filter->context, action, number, count, when);
}

gboolean
confine_filter_load(ConfineFilter *filter, GError **error)
{
    if (!filter->status)
        filter->status = seccomp_load(filter->context);
    if (filter->context)
        seccomp_release(filter->context);
    if (filter->status)
        g_set_error(error, ORIEL_ERROR, ORIEL_ERROR_FAILED, "The seccomp filter: %s.",
                    g_strerror(-filter->status));
    return !filter->status;
}
