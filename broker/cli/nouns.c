/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Everything orielctl knows, as tables: a new resource or option is a line here. */
#include "broker/cli/verbs.h"

#include <string.h>

#define END_FIELDS                                                                                 \
    {                                                                                              \
        NULL, NULL, FIELD_STRING, NULL, NULL                                                       \
    }
#define END_COLUMNS                                                                                \
    {                                                                                              \
        NULL, NULL                                                                                 \
    }
#define END_VERBS                                                                                  \
    {                                                                                              \
        NULL, NULL, 0, NULL, NULL, NULL                                                            \
    }

#define LIST(things)                                                                               \
    {                                                                                              \
        "list", "List " things, 0, "", NULL, verb_list                                             \
    }
#define SHOW(thing, what)                                                                          \
    {                                                                                              \
        "show", "Show " thing " in full", 1, what, NULL, verb_show                                 \
    }
#define DELETE(thing, what)                                                                        \
    {                                                                                              \
        "delete", "Delete " thing, 1, what, NULL, verb_delete                                      \
    }

static const Field user_create[] = {
    {"full-name", "full_name", FIELD_STRING, "TEXT", "The person's name"},
    {"role", "roles", FIELD_LIST, "ROLE", "user or admin; may be given several times"},
    {"password-stdin", "password", FIELD_PASSWORD, NULL,
     "Read the password from standard input instead of asking for it"},
    END_FIELDS};
static const Field user_set[] = {
    {"full-name", "full_name", FIELD_STRING, "TEXT", "The person's name"},
    {"role", "roles", FIELD_LIST, "ROLE",
     "user or admin; may be given several times; replaces the roles"},
    {"disabled", "disabled", FIELD_FLAG, NULL,
     "The user cannot sign in (--no-disabled: can again)"},
    END_FIELDS};
static const Field password_only[] = {
    {"password-stdin", "password", FIELD_PASSWORD, NULL,
     "Read the password from standard input instead of asking for it"},
    END_FIELDS};
static const Column user_columns[] = {{"NAME", "name"},
                                      {"FULL NAME", "full_name"},
                                      {"ROLES", "roles"},
                                      {"DISABLED", "disabled"},
                                      END_COLUMNS};
static const Verb user_verbs[] = {
    LIST("the users"),
    SHOW("a user", "USER"),
    {"create", "Create a user", 1, "USER", user_create, verb_create},
    {"set", "Change a user", 1, "USER", user_set, verb_set},
    {"password", "Give a user a new password", 1, "USER", password_only, verb_set},
    DELETE("a user", "USER"),
    END_VERBS};

static const Field group_fields[] = {
    {"member", "members", FIELD_LIST, "USER", "A member; may be given several times"}, END_FIELDS};
static const Column group_columns[] = {{"NAME", "name"}, {"MEMBERS", "members"}, END_COLUMNS};
static const Verb group_verbs[] = {
    LIST("the groups"),
    SHOW("a group", "GROUP"),
    {"create", "Create a group", 1, "GROUP", group_fields, verb_create},
    {"add", "Make a user a member of a group", 2, "GROUP USER", NULL, verb_group_add},
    {"remove", "End a user's membership of a group", 2, "GROUP USER", NULL, verb_group_remove},
    DELETE("a group", "GROUP"),
    END_VERBS};

static const Field pool_fields[] = {
    {"title", "title", FIELD_STRING, "TEXT", "What people read in the chooser"},
    {"kind", "kind", FIELD_STRING, "KIND", "desktop"},
    {"image", "image", FIELD_STRING, "IMAGE", "The image its desktops start from"},
    {"host", "host", FIELD_STRING, "HOST", "Only on this host"},
    {"cpus", "cpus", FIELD_NUMBER, "N", "Processors of a desktop"},
    {"memory", "memory_mib", FIELD_NUMBER, "MIB", "Memory of a desktop, in MiB"},
    {"maximum", "maximum", FIELD_NUMBER, "N", "Desktops at most"},
    {"entitle", "entitled", FIELD_LIST, "WHOM",
     "everyone, user:NAME or group:NAME; may be given several times"},
    {"on-logoff", "on_logoff", FIELD_STRING, "WHAT",
     "keep or delete the desktop when its user logs off: the policy in other words"},
    {"policy", "policy", FIELD_STRING, "POLICY",
     "floating (a fresh desktop each time), persistent (their own) or static (named machines)"},
    {"start", "start", FIELD_STRING, "HOW",
     "clone (from a template of the image) or cold (boot each time)"},
    {"home", "home_mib", FIELD_NUMBER, "MIB",
     "A home for each user, kept while desktops and images come and go: at least 16; 0: none"},
    {"spares", "spares", FIELD_NUMBER, "N", "Desktops that wait for users, at least"},
    {"idle-suspend", "idle_suspend_minutes", FIELD_NUMBER, "MINUTES",
     "Suspend a desktop that nobody has looked at for so long; 0: never"},
    {"disconnected-end", "disconnected_end_minutes", FIELD_NUMBER, "MINUTES",
     "Log off a user who has been away for so long; 0: never"},
    {"disk-limit", "limits.disk_gib", FIELD_NUMBER, "GIB",
     "The size of a desktop's disk, where that is more than its image's"},
    {"iops-limit", "limits.disk_iops", FIELD_NUMBER, "N", "Disk operations a second at most"},
    {"disk-rate-limit", "limits.disk_mibps", FIELD_NUMBER, "MIB", "Disk MiB a second at most"},
    {"net-rate-limit", "limits.net_mbps", FIELD_NUMBER, "MBIT", "Network Mbit a second at most"},
    {"cpu-limit", "limits.cpu_percent", FIELD_NUMBER, "PERCENT",
     "Processor time at most; 100 is one processor"},
    {"machine", "machines", FIELD_MACHINES, "NAME=HOST:PORT[,USER]",
     "A machine of a static pool, by its VNC address; may be given several times"},
    END_FIELDS};
static const Column pool_columns[] = {
    {"NAME", "name"},       {"TITLE", "title"},       {"KIND", "kind"},
    {"IMAGE", "image"},     {"CPUS", "cpus"},         {"MEMORY MIB", "memory_mib"},
    {"MAXIMUM", "maximum"}, {"ENTITLED", "entitled"}, {"POLICY", "policy"},
    {"START", "start"},     {"SPARES", "spares"},     END_COLUMNS};
static const Verb pool_verbs[] = {
    LIST("the pools"),
    SHOW("a pool", "POOL"),
    {"create", "Create a pool", 1, "POOL", pool_fields, verb_create},
    {"set", "Change a pool", 1, "POOL", pool_fields, verb_set},
    {"machine-password", "Tell the password of a machine's VNC server", 2, "POOL MACHINE",
     password_only, verb_pool_machine_password},
    {"rollback", "Go back to the image before the one of now", 1, "POOL", NULL, verb_pool_rollback},
    DELETE("a pool", "POOL"),
    END_VERBS};

static const Field image_import[] = {
    {"path", "path", FIELD_STRING, "FILE", "The disk, qcow2 or raw, where the host can read it"},
    {"kernel", "kernel", FIELD_STRING, "FILE", "A kernel to start directly"},
    {"initrd", "initrd", FIELD_STRING, "FILE", "Its initial memory disk"},
    {"cmdline", "cmdline", FIELD_STRING, "TEXT", "Its command line"},
    {"title", "title", FIELD_STRING, "TEXT", "What people read"},
    {"host", "host", FIELD_STRING, "HOST", "The host to import it at"},
    {"wait", "wait", FIELD_FLAG, NULL,
     "Wait until it is imported (the default; --no-wait: do not)"},
    END_FIELDS};
static const Field image_build[] = {
    {"title", "title", FIELD_STRING, "TEXT", "What people read"},
    {"host", "host", FIELD_STRING, "HOST", "The host to import it at"},
    {"wait", "wait", FIELD_FLAG, NULL,
     "Wait until it is imported (the default; --no-wait: do not)"},
    END_FIELDS};
static const Column image_columns[] = {{"NAME", "name"},
                                       {"TITLE", "title"},
                                       {"HOST", "host"},
                                       {"STATE", "state"},
                                       {"DONE", "progress"},
                                       {"SIZE", "size_bytes"},
                                       {"DISK", "virtual_size_bytes"},
                                       {"DESKTOPS", "desktops"},
                                       {"TEMPLATES", "templates"},
                                       {"REASON", "reason"},
                                       END_COLUMNS};
static const Verb image_verbs[] = {
    LIST("the images"),
    SHOW("an image", "IMAGE"),
    {"import", "Import an image", 1, "IMAGE", image_import, verb_image_import},
    {"create", "The same as import", 1, "IMAGE", image_import, verb_image_import},
    {"build", "Build an image by a recipe on this machine, and import it", 2, "IMAGE RECIPE",
     image_build, verb_image_build},
    {"cancel", "Stop importing an image", 1, "IMAGE", NULL, verb_image_cancel},
    DELETE("an image on which nothing stands", "IMAGE"),
    END_VERBS};

static const Field template_make[] = {
    {"host", "host", FIELD_STRING, "HOST", "The host to make it at"},
    {"wait", "wait", FIELD_FLAG, NULL, "Wait until it is made (the default; --no-wait: do not)"},
    END_FIELDS};
static const Column template_columns[] = {{"NAME", "name"},
                                          {"HOST", "host"},
                                          {"IMAGE", "image"},
                                          {"STATE", "state"},
                                          {"DONE", "progress"},
                                          {"STEP", "step_text"},
                                          {"SIZE", "size_bytes"},
                                          {"DESKTOPS", "desktops"},
                                          {"POOLS", "pools"},
                                          {"REASON", "reason"},
                                          END_COLUMNS};
static const Verb template_verbs[] = {
    LIST("the templates"),
    SHOW("a template", "TEMPLATE"),
    {"make", "Make a pool's template, or make one that failed again", 1, "POOL", template_make,
     verb_template_make},
    {"cancel", "Stop making a template; it is made again when “make” asks for it", 1, "TEMPLATE",
     NULL, verb_template_cancel},
    DELETE("a template; a pool that wants it has it made anew", "TEMPLATE"),
    END_VERBS};

static const Column volume_columns[] = {
    {"ID", "id"},           {"POOL", "pool"},    {"USER", "user"},
    {"HOST", "host"},       {"MIB", "size_mib"}, {"USED", "used_bytes"},
    {"DESKTOP", "desktop"}, {"STATE", "state"},  END_COLUMNS};
static const Verb volume_verbs[] = {LIST("the users' homes"), SHOW("a home", "VOLUME"),
                                    DELETE("a home with all that its user kept there", "VOLUME"),
                                    END_VERBS};

static const Field desktop_create[] = {{"user", "user", FIELD_STRING, "USER", "Whose it is to be"},
                                       END_FIELDS};
static const Field desktop_stop[] = {{"force", "force", FIELD_FLAG, NULL,
                                      "Switch it off at once instead of pressing its power button"},
                                     END_FIELDS};
static const Column desktop_columns[] = {
    {"ID", "id"},           {"POOL", "pool"},     {"USER", "user"},    {"HOST", "host"},
    {"STATE", "state"},     {"STEP", "step"},     {"START", "origin"}, {"SPARE", "spare"},
    {"MACHINE", "machine"}, {"REASON", "reason"}, END_COLUMNS};
static const Verb desktop_verbs[] = {
    LIST("the desktops"),
    SHOW("a desktop", "DESKTOP"),
    {"create", "Make a desktop of a pool for a user, before they ask", 1, "POOL", desktop_create,
     verb_desktop_create},
    {"start", "Start a desktop that is stopped", 1, "DESKTOP", NULL, verb_desktop_start},
    {"stop", "Shut a desktop down", 1, "DESKTOP", desktop_stop, verb_desktop_stop},
    {"suspend", "Put a desktop to sleep on disk", 1, "DESKTOP", NULL, verb_desktop_suspend},
    {"resume", "Wake a desktop that is suspended", 1, "DESKTOP", NULL, verb_desktop_resume},
    DELETE("a desktop, with its disk", "DESKTOP"),
    END_VERBS};

static const Field session_create[] = {
    {"wait", "wait", FIELD_FLAG, NULL, "Wait until it is ready (the default; --no-wait: do not)"},
    END_FIELDS};
static const Column session_columns[] = {
    {"ID", "id"},       {"POOL", "pool"},        {"USER", "user"},     {"DESKTOP", "desktop"},
    {"STATE", "state"}, {"SINCE", "created_at"}, {"REASON", "reason"}, END_COLUMNS};
static const Verb session_verbs[] = {
    LIST("the sessions"),
    SHOW("a session", "SESSION"),
    {"create", "Start (or find again) your own session of a pool", 1, "POOL", session_create,
     verb_session_create},
    {"why", "Tell step by step why a session is as it is", 1, "SESSION", NULL, verb_session_why},
    {"stats", "Show what a session's screen sends, and how its viewers' links are", 1, "SESSION",
     NULL, verb_session_stats},
    {"vv", "Print a virt-viewer file that opens your session; it is good for 30 seconds", 1,
     "SESSION", NULL, verb_session_vv},
    DELETE("a session: log its user off", "SESSION"),
    END_VERBS};

static const Field host_create[] = {
    {"address", "address", FIELD_STRING, "ADDRESS", "Where it is: unix:PATH"}, END_FIELDS};
static const Column host_columns[] = {{"NAME", "name"},
                                      {"STATE", "state"},
                                      {"ACCELERATOR", "accelerator"},
                                      {"CPUS", "cpus"},
                                      {"MEMORY MIB", "memory_mib"},
                                      {"FREE MIB", "memory_free_mib"},
                                      {"ASKED MIB", "memory.asked_mib"},
                                      {"USED MIB", "memory.used_mib"},
                                      {"SHARED MIB", "memory.shared_mib"},
                                      {"DESKTOPS", "desktops"},
                                      {"FIT", "desktops_fit"},
                                      {"REASON", "reason"},
                                      END_COLUMNS};
static const Verb host_verbs[] = {
    LIST("the hosts"),
    SHOW("a host", "HOST"),
    {"create", "Make a host known to the broker", 1, "HOST", host_create, verb_create},
    DELETE("a host from what the broker knows", "HOST"),
    END_VERBS};

static const Column audit_columns[] = {
    {"TIME", "at"},         {"WHO", "actor"},     {"WHAT", "action"}, {"TO", "object"},
    {"OUTCOME", "outcome"}, {"DETAIL", "detail"}, END_COLUMNS};
static const Verb audit_verbs[] = {LIST("what was done, newest first"), END_VERBS};

const Noun nouns[] = {
    {"user", "people who sign in", "/api/v1/users", NULL, user_columns, user_verbs},
    {"group", "groups of users", "/api/v1/groups", NULL, group_columns, group_verbs},
    {"pool", "what people are offered", "/api/v1/pools", "?all=1", pool_columns, pool_verbs},
    {"image", "disks that desktops start from", "/api/v1/images", NULL, image_columns, image_verbs},
    {"template", "what desktops are cloned from", "/api/v1/templates", NULL, template_columns,
     template_verbs},
    {"volume", "users' homes", "/api/v1/volumes", NULL, volume_columns, volume_verbs},
    {"desktop", "virtual machines", "/api/v1/desktops", NULL, desktop_columns, desktop_verbs},
    {"session", "who uses what now", "/api/v1/sessions", "?all=1", session_columns, session_verbs},
    {"host", "machines that run desktops", "/api/v1/hosts", NULL, host_columns, host_verbs},
    {"audit", "who did what", "/api/v1/audit", NULL, audit_columns, audit_verbs},
    {NULL, NULL, NULL, NULL, NULL, NULL}};

const Noun *
noun_find(const char *name)
{
    for (const Noun *noun = nouns; noun->name; noun++)
        if (!strcmp(noun->name, name))
            return noun;
    return NULL;
}

const Verb *
verb_find(const Noun *noun, const char *name)
{
    for (const Verb *verb = noun->verbs; verb->name; verb++)
        if (!strcmp(verb->name, name))
            return verb;
    return NULL;
}
