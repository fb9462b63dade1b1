/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "malloc-count.h"

#include <execinfo.h>
#include <link.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MAX_RECORDS 32
#define MAX_OBJECTS 256
#define DEPTH       24

typedef enum { FOREIGN, OWN, PIXMAN, THROUGH } Owner; /* THROUGH: whoever called it */

typedef struct {
    void *callers[DEPTH];
    int depth;
} Record;

typedef struct {
    guintptr begin, end;
    Owner owner;
} Object;

/* The replaced functions have nobody to hand them a context. */
static Object objects[MAX_OBJECTS];
static guint n_objects;
static Record records[MAX_RECORDS];
static gint counting, n_own, n_pixman; /* atomic */

static __thread gboolean inside; /* backtrace() may allocate, too */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t align, size_t size);

/* Whose code asked: the first caller that is neither the C library nor GLib. */
static Owner
owner_of(const Record *record)
{
    for (int i = 2; i < record->depth; i++) { /* note() and malloc() come first */
        guintptr at = (guintptr)record->callers[i];
        Owner owner = FOREIGN;

        for (guint j = 0; j < n_objects; j++)
            if (at >= objects[j].begin && at < objects[j].end)
                owner = objects[j].owner;
        if (owner != THROUGH)
            return owner;
    }
    return FOREIGN;
}

static __attribute__((noinline)) void
note(void)
{
    Record record;
    Owner owner;

    if (!g_atomic_int_get(&counting) || inside)
        return;
    inside = TRUE;
    record.depth = backtrace(record.callers, DEPTH);
    owner = owner_of(&record);
    if (owner == PIXMAN)
        g_atomic_int_inc(&n_pixman);
    if (owner == OWN) {
        gint at = g_atomic_int_add(&n_own, 1);

        if (at < MAX_RECORDS)
            records[at] = record;
    }
    inside = FALSE;
}

void *
malloc(size_t size)
{
    note();
    return __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
    note();
    return __libc_calloc(n, size);
}

void *
realloc(void *memory, size_t size)
{
    note();
    return __libc_realloc(memory, size);
}

void *
aligned_alloc(size_t align, size_t size)
{
    note();
    return __libc_memalign(align, size);
}

static int
add_object(struct dl_phdr_info *info, size_t size, void *user)
{
    const char *base = strrchr(info->dlpi_name, '/');
    Object *object = &objects[n_objects];

    base = base ? base + 1 : info->dlpi_name;
    if (n_objects == MAX_OBJECTS)
        return 1;
    object->begin = UINTPTR_MAX;
    object->owner = !*base                                  ? OWN /* the program has no name */
                    : g_str_has_prefix(base, "libpixman")   ? PIXMAN
                    : g_str_has_prefix(base, "libglib-2.0") ? THROUGH
                    : g_str_has_prefix(base, "libc.so")     ? THROUGH
                                                            : FOREIGN;
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_LOAD) {
            guintptr begin = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;

            object->begin = MIN(object->begin, begin);
            object->end = MAX(object->end, begin + info->dlpi_phdr[i].p_memsz);
        }
    n_objects++;
    return 0;
}

gboolean
malloc_count_works(void)
{
    void *callers[1];

    n_objects = 0;
    memset(objects, 0, sizeof objects);
    dl_iterate_phdr(add_object, NULL);
    return backtrace(callers, 1) > 0; /* its own first allocation is over then */
}

void
malloc_count_begin(void)
{
    g_atomic_int_set(&n_own, 0);
    g_atomic_int_set(&n_pixman, 0);
    g_atomic_int_set(&counting, 1);
}

static void
describe(const Record *record, GString *text)
{
    char **symbols = backtrace_symbols(record->callers, record->depth);

    for (int i = 2; symbols && i < record->depth; i++)
        g_string_append_printf(text, "  %s\n", symbols[i]);
    g_string_append_c(text, '\n');
    free(symbols);
}

guint
malloc_count_end(guint *pixman, char **trace)
{
    GString *text;
    guint own;

    g_atomic_int_set(&counting, 0);
    text = g_string_new(NULL);
    own = (guint)g_atomic_int_get(&n_own);
    *pixman = (guint)g_atomic_int_get(&n_pixman);
    for (guint i = 0; i < MIN(own, MAX_RECORDS); i++)
        describe(&records[i], text);
    *trace = g_string_free(text, FALSE);
    return own;
}
