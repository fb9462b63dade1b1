/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "broker/api/api.h"

void
api_register(Api *api)
{
    api->bound = g_ptr_array_new_with_free_func(g_free);
    api_register_login(api);
    api_register_pools(api);
    api_register_sessions(api);
    api_register_session_stats(api);
    api_register_connect(api);
    api_register_users(api);
    api_register_groups(api);
    api_register_images(api);
    api_register_templates(api);
    api_register_volumes(api);
    api_register_hosts(api);
    api_register_desktops(api);
    api_register_audit(api);
    api_register_health(api);
    api_register_metrics(api);
    api_register_portal(api);
}
