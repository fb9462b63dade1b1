/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The verbs that wait for something: an image that is imported, a session that starts. */
#include "broker/cli/output.h"
#include "broker/cli/verbs.h"

#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WAIT_S 30 /* a long poll */
#define BAR    24 /* characters of the bar */

static const char *
text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

/* A bar that is written over itself on a terminal; elsewhere a line each time it moves. */
static void
show_progress(const Cli *cli, const char *name, const json_t *object, const char *text)
{
    static const char full[] = "########################", empty[] = "------------------------";
    int percent = CLAMP((int)json_integer_value(json_object_get(object, "progress")), 0, 100);
    int filled = percent * BAR / 100;

    if (cli->quiet)
        return;
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K%s: [%.*s%.*s] %3d %% %s", name, filled, full, BAR - filled, empty,
                percent, text);
    else if (!cli->json)
        fprintf(stderr, "%s: %d %% %s\n", name, percent, text);
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

/* A long poll of an image or a template that is at work. Takes over item; NULL after printing why.
 */
static json_t *
wait_for_item(Cli *cli, const char *path, json_t *item)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *host = g_uri_escape_string(text_of(item, "host"), NULL, FALSE);
    g_autofree char *wait = g_strdup_printf(
        "%s?host=%s&wait=%d&state=%s&progress=%d", path, host, WAIT_S, text_of(item, "state"),
        (int)json_integer_value(json_object_get(item, "progress")));

    json_decref(item);
    json_t *answer = rest_client_call(cli->client, "GET", wait, NULL, WAIT_S + 10, NULL, &error);
    if (!answer)
        cli_fail(error);
    return answer;
}

/* Work that somebody stopped looking at. */
typedef struct {
    const Cli *cli;
    const Noun *noun;
    const char *name;
} Following;

static gboolean
stop_looking(gpointer user)
{
    const Following *following = user;

    end_progress(following->cli);
    fprintf(stderr, "orielctl: It goes on at the host; “orielctl %s cancel %s” stops it.\n",
            following->noun->name, following->name);
    exit(128 + SIGINT);
}

/* Follows an image or a template until it is no longer in the state busy. Takes over item. */
static int
follow(Cli *cli, const Noun *noun, const char *name, json_t *item, const char *busy,
       gboolean no_wait)
{
    g_autofree char *path = cli_item_path(noun, name);

    if (no_wait) {
        output_item(cli, item);
        json_decref(item);
        return CLI_DONE;
    }
    Following following = {cli, noun, name};
    guint interrupted = g_unix_signal_add(SIGINT, stop_looking, &following);
    while (item && !strcmp(text_of(item, "state"), busy)) {
        const char *text = text_of(item, "step_text");
        show_progress(cli, name, item, *text ? text : busy);
        item = wait_for_item(cli, path, item);
    }
    g_source_remove(interrupted);
    return item ? finish(cli, item, noun, name) : CLI_FAILED;
}

int
verb_image_import(Cli *cli, const Noun *noun, char **names, json_t *body)
{
    gboolean no_wait = take_no_wait(body);

    make_absolute(body, "path");
    make_absolute(body, "kernel");
    make_absolute(body, "initrd");
    json_object_set_new(body, "name", json_string(names[0]));
    json_t *image = cli_call(cli, "POST", noun->collection, body);
    return image ? follow(cli, noun, names[0], image, "importing", no_wait) : CLI_FAILED;
}

int
verb_template_make(Cli *cli, const Noun *noun, char **names, json_t *body)
{
    gboolean no_wait = take_no_wait(body);

    json_object_set_new(body, "pool", json_string(names[0]));
    json_t *template = cli_call(cli, "POST", noun->collection, body);
    if (!template)
        return CLI_FAILED;
    g_autofree char *name = g_strdup(text_of(template, "name"));
    return follow(cli, noun, name, template, "making", no_wait);
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
verb_session_stats(Cli *cli, const Noun *noun, char **names, json_t *body)
{
    static const Column columns[] = {{"PROTOCOL", "protocol"}, {"ENCODING", "encoding"},
                                     {"BYTES", "bytes"},       {"UPDATES", "updates"},
                                     {"MERGED", "merged"},     {"ROUND TRIP µs", "round_trip_us"},
                                     {"BYTES/s", "bandwidth"}, {"QUALITY", "quality"},
                                     {"QUEUED", "queued"},     {NULL, NULL}};
    g_autofree char *path = cli_item_path(noun, names[0]);
    g_autofree char *stats = g_strconcat(path, "/stats", NULL);
    json_t *answer = cli_call(cli, "GET", stats, NULL), *clients;

    if (!answer)
        return CLI_FAILED;
    if (cli->json) {
        output_item(cli, answer);
    } else {
        clients = json_incref(json_object_get(answer, "clients"));
        json_object_del(answer, "clients");
        output_item(cli, answer);
        if (json_array_size(clients))
            output_list(cli, columns, clients);
        json_decref(clients);
    }
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
