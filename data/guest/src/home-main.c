/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The user's home, on a volume of its own where there is one (home.h).
 *   home            at boot, before the desktop starts
 *   home --restart  under the session that runs
 *   home --leave    the user logs off */
#include "home.h"

#include <stdio.h>
#include <string.h>

/* Where the host looks for the reason why there will be no desktop. */
#define FAILED "/run/oriel/failed"

static void
tell(const char *why)
{
    FILE *file = fopen(FAILED, "we");
    fputs(why, stderr);
    if (file == NULL)
        return;
    fputs(why, file);
    fclose(file);
}

int
main(int argc, char **argv)
{
    char why[400];
    if (argc > 1 && strcmp(argv[1], "--leave") == 0) {
        home_leave();
        return 0;
    }
    if (home_give(argc > 1 && strcmp(argv[1], "--restart") == 0, why, sizeof why) == 0)
        return 0;
    tell(why + strlen("failed "));
    return 1;
}
