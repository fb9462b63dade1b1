/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/care/caretaker.h"

#include "broker/care/entitlements.h"
#include "broker/care/idle.h"
#include "broker/care/spares.h"
#include "broker/care/templates.h"
#include "broker/care/volumes.h"

/* Events come in flocks: one look for each. */
#define SETTLE_MS     50
#define ROUND_SECONDS 10

struct Caretaker {
    TemplateCare *templates;
    VolumeCare *volumes;
    SpareCare *spares;
    IdleCare *idle;
    Store *store;          /* borrowed */
    SessionBook *sessions; /* borrowed */
    guint soon, round;     /* GSource ids, 0 for none */
};

static void
look(Caretaker *caretaker)
{
    entitlement_care_run(caretaker->store, caretaker->sessions);
    template_care_run(caretaker->templates);
    volume_care_run(caretaker->volumes);
    spare_care_run(caretaker->spares, now_seconds());
}

static gboolean
look_soon(gpointer user)
{
    Caretaker *caretaker = user;

    caretaker->soon = 0;
    look(caretaker);
    return G_SOURCE_REMOVE;
}

static gboolean
look_round(gpointer user)
{
    Caretaker *caretaker = user;

    look(caretaker);
    /* Minutes are counted here: events need not hurry it, and it looks at every desktop. */
    idle_care_run(caretaker->idle, g_get_monotonic_time() / G_USEC_PER_SEC);
    return G_SOURCE_CONTINUE;
}

void
caretaker_wake(Caretaker *caretaker)
{
    if (!caretaker->soon)
        caretaker->soon = g_timeout_add(SETTLE_MS, look_soon, caretaker);
}

Caretaker *
caretaker_new(Store *store, HostSet *hosts, SessionBook *sessions, TicketBook *tickets)
{
    Caretaker *caretaker = g_new0(Caretaker, 1);

    caretaker->store = store;
    caretaker->sessions = sessions;
    caretaker->templates = template_care_new(store, hosts);
    caretaker->volumes = volume_care_new(store, hosts);
    caretaker->spares = spare_care_new(store, hosts, sessions);
    caretaker->idle = idle_care_new(store, hosts, sessions, tickets);
    caretaker->round = g_timeout_add_seconds(ROUND_SECONDS, look_round, caretaker);
    return caretaker;
}

void
caretaker_free(Caretaker *caretaker)
{
    if (!caretaker)
        return;
    g_clear_handle_id(&caretaker->soon, g_source_remove);
    g_clear_handle_id(&caretaker->round, g_source_remove);
    template_care_free(caretaker->templates);
    volume_care_free(caretaker->volumes);
    spare_care_free(caretaker->spares);
    idle_care_free(caretaker->idle);
    g_free(caretaker);
}
