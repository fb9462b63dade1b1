/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The verbs that wait for something: an image that is imported, a session that starts. */
#include "broker/cli/output.h"
#include "broker/cli/verbs.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define POLL_MS 300 /* between two looks at an image that is imported */
#define WAIT_S  30  /* a long poll */

static const char *
text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

/* A line that is written over itself on a terminal. */
static void
show_progress(const Cli *cli, const char *name, const json_t *object, const char *text)
{
    if (cli->quiet || !isatty(STDERR_FILENO))
        return;
    fprintf(stderr, "\r\033[K%s: %s %d %%", name, text,
            (int)json_integer_value(json_object_get(object, "progress")));
    fflush(stderr);
}

static void
end_progress(const Cli *cli)
{
    if (!cli->quiet && isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K");
}

/* Prints the end of something that took its time. Takes over object. */
static int
finish(const Cli *cli, json_t *object, const Noun *noun, const char *name)
{
    gboolean ready = !strcmp(text_of(object, "state"), "ready");

    end_progress(cli);
    if (cli->json)
        output_item(cli, object);
    else if (ready)
        output_note(cli, "%s %s: ready.", noun->name, name);
    if (!ready)
        fprintf(stderr, "orielctl: %s %s: %s\n", noun->name, name,
                *text_of(object, "reason") ? text_of(object, "reason") : text_of(object, "state"));
    json_decref(object);
    return ready ? CLI_DONE : CLI_FAILED;
}

/* Reads and removes the flag that is no part of the request. */
static gboolean
take_no_wait(json_t *body)
{
    gboolean no_wait = json_is_false(json_object_get(body, "wait"));

    json_object_del(body, "wait");
    return no_wait;
}

/* A file name is the caller's; the host wants it whole. */
static void
make_absolute(json_t *body, const char *key)
{
    const char *path = json_string_value(json_object_get(body, key));

    if (!path)
        return;
    g_autofree char *absolute = g_canonicalize_filename(path, NULL);
    json_object_set_new(body, key, json_string(absolute));
}

int
verb_image_import(Cli *cli, const Noun *noun, char **names, json_t *body)
{
    g_autofree char *path = cli_item_path(noun, names[0]);
    gboolean no_wait = take_no_wait(body);

    make_absolute(body, "path");
    make_absolute(body, "kernel");
    make_absolute(body, "initrd");
    json_object_set_new(body, "name", json_string(names[0]));
    json_t *image = cli_call(cli, "POST", noun->collection, body);
    if (!image)
        return CLI_FAILED;
    while (!no_wait && !strcmp(text_of(image, "state"), "importing")) {
        show_progress(cli, names[0], image, "importing");
        json_decref(image);
        g_usleep(POLL_MS * 1000);
        image = cli_call(cli, "GET", path, NULL);
        if (!image)
            return CLI_FAILED;
    }
    if (!no_wait)
        return finish(cli, image, noun, names[0]);
    output_item(cli, image);
    json_decref(image);
    return CLI_DONE;
}

/* The path of a long poll that answers when the session is no longer as it is in session. */
static char *
session_wait_path(const Noun *noun, const json_t *session)
{
    g_autofree char *path = cli_item_path(noun, text_of(session, "id"));
    g_autofree char *step = g_uri_escape_string(text_of(session, "step"), NULL, FALSE);

    return g_strdup_printf("%s?wait=%d&state=%s&step=%s&progress=%d", path, WAIT_S,
                           text_of(session, "state"), step,
                           (int)json_integer_value(json_object_get(session, "progress")));
}

int
verb_session_create(Cli *cli, const Noun *noun, char **names, json_t *body)
{
    gboolean no_wait = take_no_wait(body);

    json_object_set_new(body, "pool", json_string(names[0]));
    json_t *session = cli_call(cli, "POST", noun->collection, body);
    while (session && !no_wait && !strcmp(text_of(session, "state"), "starting")) {
        g_autoptr(GError) error = NULL;
        g_autofree char *path = session_wait_path(noun, session);
        show_progress(cli, names[0], session, text_of(session, "step_text"));
        json_decref(session);
        session = rest_client_call(cli->client, "GET", path, NULL, WAIT_S + 10, NULL, &error);
        if (!session)
            cli_fail(error);
    }
    if (!session)
        return CLI_FAILED;
    if (no_wait) {
        output_item(cli, session);
        json_decref(session);
        return CLI_DONE;
    }
    g_autofree char *id = g_strdup(text_of(session, "id"));
    return finish(cli, session, noun, id);
}

int
verb_session_why(Cli *cli, const Noun *noun, char **names, json_t *body)
{
    static const Column columns[] = {{"TIME", "at"}, {"STEP", "text"}, {NULL, NULL}};
    g_autofree char *path = cli_item_path(noun, names[0]);
    g_autofree char *why = g_strconcat(path, "/why", NULL);
    json_t *answer = cli_call(cli, "GET", why, NULL);

    if (!answer)
        return CLI_FAILED;
    json_t *steps = json_object_get(answer, "steps");
    output_list(cli, columns, steps ? steps : json_object_get(answer, "items"));
    json_decref(answer);
    return CLI_DONE;
}

int
verb_session_vv(Cli *cli, const Noun *noun, char **names, json_t *body)
{
    g_autofree char *path = cli_item_path(noun, names[0]);
    g_autofree char *connect = g_strconcat(path, "/connect", NULL);
    json_t *ask = json_pack("{s:s}", "protocol", "spice");
    json_t *answer = cli_call(cli, "POST", connect, ask);

    json_decref(ask);
    if (!answer)
        return CLI_FAILED;
    fputs(text_of(answer, "vv"), stdout); /* a file for a program: as it came */
    json_decref(answer);
    return CLI_DONE;
}
