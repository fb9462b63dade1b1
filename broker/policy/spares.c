/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/policy/spares.h"

gint64
spares_wanted(const SpareFacts *facts)
{
    gint64 wanted = MAX(facts->minimum, facts->peak);

    if (facts->minimum <= 0)
        return 0;
    if (facts->maximum > 0)
        wanted = MIN(wanted, facts->maximum - facts->in_use);
    if (facts->fits >= 0)
        wanted = MIN(wanted, facts->spares + facts->fits);
    return MAX(wanted, 0);
}
