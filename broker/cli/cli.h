/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "common/rest-client.h"

#include <glib.h>
#include <jansson.h>

/* What a command's run has at hand. */
typedef struct {
    RestClient *client;
    gboolean json;  /* --output=json */
    gboolean quiet; /* no progress, no confirmations */
} Cli;

/* Exit statuses: done, failed, wrong usage. */
enum { CLI_DONE = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

typedef enum {
    FIELD_STRING,
    FIELD_NUMBER,
    FIELD_FLAG,
    FIELD_LIST,
    FIELD_PASSWORD,
    FIELD_MACHINES
} FieldType;

/*
 * One member of a resource that create and set take: --OPTION VALUE becomes "KEY": VALUE.
 * A dot in KEY nests ("limits.disk_gib"). MACHINES are a list of NAME=HOST:PORT[,USER]. A FLAG
 * takes no value (FALSE: --no-OPTION); a LIST may be given several times; a PASSWORD has no value
 * on the command line: --password-stdin, else the terminal asks.
 */
typedef struct {
    const char *option, *key;
    FieldType type;
    const char *argument, *help;
} Field;

typedef struct {
    const char *title, *path; /* path: keys with dots between them */
} Column;

typedef struct Noun Noun;

/* One thing that can be done with a noun. args: how many names it takes. */
typedef struct {
    const char *name, *summary;
    int args;
    const char *args_help;
    const Field *fields; /* ends with option NULL; may be NULL */
    int (*run)(Cli *cli, const Noun *noun, char **names, json_t *body);
} Verb;

struct Noun {
    const char *name, *summary;
    const char *collection; /* "/api/v1/users" */
    const char *list_query; /* "?all=1" or NULL */
    const Column *columns;  /* of the table; ends with title NULL */
    const Verb *verbs;      /* ends with name NULL */
};

/* The table of everything orielctl knows; ends with name NULL. */
extern const Noun nouns[];
const Noun *noun_find(const char *name);
const Verb *verb_find(const Noun *noun, const char *name);

/* Prints the error for a person and returns CLI_FAILED. */
int cli_fail(const GError *error);
/* Calls the broker. NULL after printing why; the answer is the caller's. */
json_t *cli_call(Cli *cli, const char *method, const char *path, json_t *body);
/* "/api/v1/users/NAME" with NAME escaped. */
char *cli_item_path(const Noun *noun, const char *name);
