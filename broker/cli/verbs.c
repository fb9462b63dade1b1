/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The verbs that are the same for every resource. */
#include "broker/cli/verbs.h"

#include "broker/cli/output.h"

#include <stdio.h>

#define MAX_PAGES 10000 /* a broker that never ends its list is broken */

int
cli_fail(const GError *error)
{
    fprintf(stderr, "orielctl: %s\n", error->message);
    return CLI_FAILED;
}

json_t *
cli_call(Cli *cli, const char *method, const char *path, json_t *body)
{
    g_autoptr(GError) error = NULL;
    json_t *answer = rest_client_call(cli->client, method, path, body, 0, NULL, &error);

    if (!answer)
        cli_fail(error);
    return answer;
}

char *
cli_item_path(const Noun *noun, const char *name)
{
    g_autofree char *escaped = g_uri_escape_string(name, NULL, FALSE);

    return g_strconcat(noun->collection, "/", escaped, NULL);
}

/* The path of the page after "next" (NULL: the first). */
static char *
page_path(const Noun *noun, const char *next)
{
    const char *query = noun->list_query ? noun->list_query : "";

    if (!next)
        return g_strconcat(noun->collection, query, NULL);
    g_autofree char *after = g_uri_escape_string(next, NULL, FALSE);
    return g_strconcat(noun->collection, query, *query ? "&after=" : "?after=", after, NULL);
}

int
verb_list(Cli *cli, const Noun *noun, char **names, json_t *body)
{
    json_t *all = json_array();
    g_autofree char *next = NULL;
    int status = CLI_DONE;

    for (int page = 0; page < MAX_PAGES; page++) {
        g_autofree char *path = page_path(noun, next);
        json_t *answer = cli_call(cli, "GET", path, NULL);
        if (!answer) {
            status = CLI_FAILED;
            break;
        }
        json_array_extend(all, json_object_get(answer, "items"));
        g_free(next);
        next = g_strdup(json_string_value(json_object_get(answer, "next")));
        json_decref(answer);
        if (!next)
            break;
    }
    if (status == CLI_DONE)
        output_list(cli, noun->columns, all);
    json_decref(all);
    return status;
}

/* Calls, prints the item that comes back (or a note), frees. */
static int
call_and_show(Cli *cli, const char *method, const char *path, json_t *body)
{
    json_t *answer = cli_call(cli, method, path, body);

    if (!answer)
        return CLI_FAILED;
    output_item(cli, answer);
    json_decref(answer);
    return CLI_DONE;
}

/* The same, but says only that it is done unless JSON is wanted. */
static int
call_and_note(Cli *cli, const char *method, const char *path, json_t *body, const Noun *noun,
              const char *name, const char *done)
{
    json_t *answer = cli_call(cli, method, path, body);

    if (!answer)
        return CLI_FAILED;
    if (cli->json && json_is_object(answer))
        output_item(cli, answer);
    output_note(cli, "%s %s: %s.", noun->name, name, done);
    json_decref(answer);
    return CLI_DONE;
}

int
verb_show(Cli *cli, const Noun *noun, char **names, json_t *body)
{
    g_autofree char *path = cli_item_path(noun, names[0]);

    return call_and_show(cli, "GET", path, NULL);
}

int
verb_create(Cli *cli, const Noun *noun, char **names, json_t *body)
{
    json_object_set_new(body, "name", json_string(names[0]));
    return call_and_note(cli, "POST", noun->collection, body, noun, names[0], "created");
}

int
verb_set(Cli *cli, const Noun *noun, char **names, json_t *body)
{
    g_autofree char *path = cli_item_path(noun, names[0]);

    if (json_object_size(body) == 0) {
        fprintf(stderr, "orielctl: Say what to set: see orielctl %s set --help.\n", noun->name);
        return CLI_USAGE;
    }
    return call_and_note(cli, "PATCH", path, body, noun, names[0], "changed");
}

int
verb_delete(Cli *cli, const Noun *noun, char **names, json_t *body)
{
    g_autofree char *path = cli_item_path(noun, names[0]);

    return call_and_note(cli, "DELETE", path, NULL, noun, names[0], "deleted");
}

/* --- pools: a machine's password is kept apart from what is shown of it --- */

int
verb_pool_machine_password(Cli *cli, const Noun *noun, char **names, json_t *body)
{
    g_autofree char *path = cli_item_path(noun, names[0]);
    json_t *pool = cli_call(cli, "GET", path, NULL), *machine;
    json_t *machines = json_object_get(pool, "machines");
    gboolean found = FALSE;
    size_t i;
    int status = CLI_FAILED;

    json_array_foreach(machines, i, machine)
    {
        if (g_strcmp0(json_string_value(json_object_get(machine, "name")), names[1]) != 0)
            continue;
        json_object_update(machine, body);
        found = TRUE;
    }
    if (pool && !found)
        fprintf(stderr, "orielctl: The pool has no machine “%s”.\n", names[1]);
    if (found) {
        json_t *change = json_pack("{s:O}", "machines", machines);
        status = call_and_note(cli, "PATCH", path, change, noun, names[0], "changed");
        json_decref(change);
    }
    json_decref(pool);
    return status;
}

/* --- groups: members are changed one by one --- */

static int
change_members(Cli *cli, const Noun *noun, char **names, gboolean add)
{
    g_autofree char *path = cli_item_path(noun, names[0]);
    json_t *group = cli_call(cli, "GET", path, NULL);
    json_t *members = json_array(), *member;
    size_t i;

    if (!group) {
        json_decref(members);
        return CLI_FAILED;
    }
    json_array_foreach(json_object_get(group, "members"), i, member)
    {
        if (g_strcmp0(json_string_value(member), names[1]) != 0)
            json_array_append(members, member);
    }
    if (add)
        json_array_append_new(members, json_string(names[1]));
    json_t *change = json_pack("{s:o}", "members", members);
    int status = call_and_note(cli, "PATCH", path, change, noun, names[0], "changed");
    json_decref(change);
    json_decref(group);
    return status;
}

int
verb_group_add(Cli *cli, const Noun *noun, char **names, json_t *body)
{
    return change_members(cli, noun, names, TRUE);
}

int
verb_group_remove(Cli *cli, const Noun *noun, char **names, json_t *body)
{
    return change_members(cli, noun, names, FALSE);
}

/* --- desktops --- */

int
verb_desktop_create(Cli *cli, const Noun *noun, char **names, json_t *body)
{
    json_object_set_new(body, "pool", json_string(names[0]));
    return call_and_show(cli, "POST", noun->collection, body);
}

/* POST to a path below an item's. */
static int
command(Cli *cli, const Noun *noun, const char *name, const char *what, json_t *body,
        const char *done)
{
    g_autofree char *item = cli_item_path(noun, name);
    g_autofree char *path = g_strconcat(item, "/", what, NULL);

    return call_and_note(cli, "POST", path, body, noun, name, done);
}

int
verb_desktop_start(Cli *cli, const Noun *noun, char **names, json_t *body)
{
    return command(cli, noun, names[0], "start", body, "starting");
}

int
verb_desktop_stop(Cli *cli, const Noun *noun, char **names, json_t *body)
{
    return command(cli, noun, names[0], "stop", body, "stopping");
}

int
verb_desktop_suspend(Cli *cli, const Noun *noun, char **names, json_t *body)
{
    return command(cli, noun, names[0], "suspend", body, "being suspended");
}

int
verb_desktop_resume(Cli *cli, const Noun *noun, char **names, json_t *body)
{
    return command(cli, noun, names[0], "resume", body, "resuming");
}

/* Work that is over cannot be cancelled: the answer is the item as it stays. */
static int
cancel(Cli *cli, const Noun *noun, const char *name, json_t *body, const char *done)
{
    g_autofree char *item = cli_item_path(noun, name);
    g_autofree char *path = g_strconcat(item, "/cancel", NULL);
    json_t *answer = cli_call(cli, "POST", path, body);

    if (!answer)
        return CLI_FAILED;
    const char *state = json_string_value(json_object_get(answer, "state"));
    gboolean over = g_strcmp0(state, "ready") == 0;
    if (cli->json)
        output_item(cli, answer);
    if (over)
        fprintf(stderr, "orielctl: The %s %s is ready: there is nothing to cancel.\n", noun->name,
                name);
    else
        output_note(cli, "%s %s: %s.", noun->name, name, done);
    json_decref(answer);
    return over ? CLI_FAILED : CLI_DONE;
}

int
verb_image_cancel(Cli *cli, const Noun *noun, char **names, json_t *body)
{
    return cancel(cli, noun, names[0], body, "not imported");
}

int
verb_template_cancel(Cli *cli, const Noun *noun, char **names, json_t *body)
{
    return cancel(cli, noun, names[0], body, "not made");
}

int
verb_pool_rollback(Cli *cli, const Noun *noun, char **names, json_t *body)
{
    return command(cli, noun, names[0], "rollback", body, "back at its image before");
}
