/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/agent/inventory.h"

#include "common/error.h"
#include "host/agent/record.h"

#include <glib/gstdio.h>
#include <string.h>

#define ID    "8fcba38f-3dd6-4d8c-8cc5-80f033035964"
#define OTHER "11111111-2222-4333-8444-555555555555"

/* --- a provider whose machines are nothing but counters
 * ------------------------------------------------------- */

typedef struct {
    Provider base;
    gboolean alive; /* what adopt() finds */
    MachineEnd end;
    guint starts, stops, destroys, suspends;
    struct FakeMachine *newest;
} FakeProvider;

typedef struct FakeMachine {
    Machine base;
    FakeProvider *provider;
    const MachineEvents *events;
    gpointer user;
} FakeMachine;

static const ProviderOps fake_ops;

static Machine *
fake_new(Provider *provider, const MachineSpec *spec, const MachineEvents *events, gpointer user)
{
    FakeMachine *machine = g_new0(FakeMachine, 1);
    machine->base.ops = &fake_ops;
    machine->provider = (FakeProvider *)provider;
    machine->events = events;
    machine->user = user;
    machine->provider->newest = machine;
    return &machine->base;
}

static void
fake_free(Machine *machine)
{
    g_free(machine);
}

static void
fake_start(Machine *machine, MachineOrigin origin)
{
    ((FakeMachine *)machine)->provider->starts++;
}

static gboolean
fake_adopt(Machine *machine, gboolean watch_agent, MachineEnd *end, char **reason)
{
    FakeProvider *provider = ((FakeMachine *)machine)->provider;
    if (provider->alive)
        return TRUE;
    *end = provider->end;
    *reason = g_strdup("It is gone.");
    return FALSE;
}

static void
fake_stop(Machine *machine, gboolean force)
{
    ((FakeMachine *)machine)->provider->stops++;
}

static void
fake_fail(Machine *machine, const char *reason)
{
}

static gboolean
fake_destroyed(gpointer user)
{
    FakeMachine *machine = user;
    machine->events->destroyed(machine->user);
    return G_SOURCE_REMOVE;
}

static void
fake_destroy(Machine *machine)
{
    ((FakeMachine *)machine)->provider->destroys++;
    g_idle_add(fake_destroyed, machine);
}

static void
fake_observe(Machine *machine, MachineStatus *status)
{
    *status = (MachineStatus){.running = TRUE, .pid = 4242};
}

static char *
fake_source(Machine *machine)
{
    return g_strdup("dbus:unix:path=/nonexistent");
}

static char *
fake_agent_socket(Machine *machine)
{
    return NULL;
}

static void
fake_suspend(Machine *machine)
{
    ((FakeMachine *)machine)->provider->suspends++;
}

static const ProviderFacts *
fake_facts(Provider *provider)
{
    static const ProviderFacts facts = {.name = "fake",
                                        .version = "1",
                                        .cpu = "none",
                                        .accelerator = "tcg",
                                        .accelerator_reason = "It is a fake."};
    return &facts;
}

static const ProviderOps fake_ops = {.machine_new = fake_new,
                                     .machine_free = fake_free,
                                     .start = fake_start,
                                     .adopt = fake_adopt,
                                     .stop = fake_stop,
                                     .fail = fake_fail,
                                     .destroy = fake_destroy,
                                     .observe = fake_observe,
                                     .display_source = fake_source,
                                     .agent_socket = fake_agent_socket,
                                     .suspend = fake_suspend,
                                     .facts = fake_facts};

/* --- the fixture
 * ---------------------------------------------------------------------------------------------- */

typedef struct {
    char *folder;
    HostSettings settings;
    FakeProvider provider;
    ImageStore *images;
    TemplateStore *templates;
    VolumeStore *volumes;
    Inventory *inventory;
    guint deleted;
} Fixture;

static void
write_image(Fixture *fixture, const char *name, ImageState state)
{
    g_autofree char *folder = g_build_filename(fixture->settings.state_dir, "images", name, NULL);
    g_autoptr(Image) image = image_new(name);
    image->state = state;
    g_assert_no_errno(g_mkdir_with_parents(folder, 0700));
    g_assert_true(image_save(image, folder, NULL));
}

static DesktopRecord *
make_record(const char *id, DesktopState state, DesktopStep step)
{
    DesktopRecord *record = desktop_record_new();
    g_free(record->id);
    record->id = g_strdup(id);
    g_free(record->name);
    record->name = g_strdup("Anna");
    g_free(record->image);
    record->image = g_strdup("demo");
    record->cpus = 1;
    record->memory_mib = 64;
    record->width = 800;
    record->height = 600;
    record->state = state;
    record->step = step;
    return record;
}

static char *
desktop_folder(Fixture *fixture, const char *id)
{
    return g_build_filename(fixture->settings.state_dir, "desktops", id, NULL);
}

static void
write_desktop(Fixture *fixture, DesktopState state, DesktopStep step, gboolean deleting)
{
    g_autofree char *folder = desktop_folder(fixture, ID);
    g_autoptr(DesktopRecord) record = make_record(ID, state, step);
    record->deleting = deleting;
    g_assert_no_errno(g_mkdir_with_parents(folder, 0700));
    g_assert_true(desktop_record_save(record, folder, NULL));
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
    fixture->folder = g_dir_make_tmp("oXXXXXX", NULL);
    fixture->settings.state_dir = g_build_filename(fixture->folder, "s", NULL);
    fixture->settings.run_dir = g_build_filename(fixture->folder, "r", NULL);
    fixture->settings.display_program = (char *)"oriel-no-such-display";
    fixture->settings.max_desktops = 2;
    fixture->settings.start_timeout_s = 100;
    fixture->provider.base.ops = &fake_ops;
    write_image(fixture, "demo", IMAGE_READY);
    write_image(fixture, "half", IMAGE_IMPORTING);
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
    inventory_free(fixture->inventory);
    volume_store_free(fixture->volumes);
    template_store_free(fixture->templates);
    image_store_free(fixture->images);
    g_assert_true(record_remove_folder(fixture->folder, NULL));
    g_free(fixture->settings.state_dir);
    g_free(fixture->settings.run_dir);
    g_free(fixture->folder);
}

/* The host's service begins. */
static void
begin(Fixture *fixture)
{
    g_autofree char *folder = g_build_filename(fixture->settings.state_dir, "images", NULL);
    g_autoptr(GError) error = NULL;
    fixture->images = image_store_new(folder, "qemu-img", &error);
    TemplateStorePlace place = {.settings = &fixture->settings,
                                .provider = &fixture->provider.base,
                                .images = fixture->images};
    fixture->templates = template_store_new(&place, &error);
    fixture->volumes = volume_store_new(fixture->settings.state_dir, &error);
    g_assert_no_error(error);
    fixture->inventory = inventory_new(&fixture->settings, &fixture->provider.base, fixture->images,
                                       fixture->templates, fixture->volumes, &error);
    g_assert_no_error(error);
}

static const DesktopRecord *
found(Fixture *fixture, const char *id)
{
    Desktop *desktop = inventory_find(fixture->inventory, id, NULL);
    g_assert_nonnull(desktop);
    return desktop_record(desktop);
}

static void
on_deleted(gpointer user)
{
    ((Fixture *)user)->deleted++;
}

static void
wait_for_deletion(Fixture *fixture, guint count)
{
    gint64 deadline = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;
    while (fixture->deleted < count && g_get_monotonic_time() < deadline)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpuint(fixture->deleted, ==, count);
}

/* --- what is found after a restart
 * ---------------------------------------------------------------------------- */

static void
test_alive(Fixture *fixture, gconstpointer data)
{
    fixture->provider.alive = TRUE;
    write_desktop(fixture, DESKTOP_READY, STEP_READY, FALSE);
    begin(fixture);
    g_assert_cmpint(found(fixture, ID)->state, ==, DESKTOP_READY);
    g_assert_cmpuint(fixture->provider.starts + fixture->provider.stops, ==, 0);
}

typedef struct {
    DesktopState state;
    DesktopStep step;
    MachineEnd end;
    DesktopState expected;
    guint starts;
} DeadCase;

static void
test_dead(Fixture *fixture, gconstpointer data)
{
    const DeadCase *dead = data;
    fixture->provider.end = dead->end;
    write_desktop(fixture, dead->state, dead->step, FALSE);
    begin(fixture);
    const DesktopRecord *record = found(fixture, ID);
    g_assert_cmpint(record->state, ==, dead->expected);
    g_assert_cmpuint(fixture->provider.starts, ==, dead->starts);
    if (record->state == DESKTOP_FAILED)
        g_assert_cmpstr(record->reason, ==, "It is gone.");
    /* The new state is on the disk as well. */
    g_autofree char *folder = desktop_folder(fixture, ID);
    g_autoptr(DesktopRecord) saved = desktop_record_load(folder, ID);
    g_assert_cmpint(saved->state, ==, dead->expected);
}

static const DeadCase half_made = {DESKTOP_STARTING, STEP_DISK, MACHINE_FAILED, DESKTOP_STARTING,
                                   1};
static const DeadCase half_started = {DESKTOP_STARTING, STEP_MACHINE, MACHINE_FAILED,
                                      DESKTOP_STARTING, 1};
static const DeadCase died_booting = {DESKTOP_STARTING, STEP_BOOT, MACHINE_FAILED, DESKTOP_FAILED,
                                      0};
static const DeadCase died = {DESKTOP_READY, STEP_READY, MACHINE_FAILED, DESKTOP_FAILED, 0};
static const DeadCase host_restarted = {DESKTOP_READY, STEP_READY, MACHINE_STOPPED, DESKTOP_STOPPED,
                                        0};
static const DeadCase was_stopping = {DESKTOP_STOPPING, STEP_READY, MACHINE_FAILED, DESKTOP_STOPPED,
                                      0};
static const DeadCase was_stopped = {DESKTOP_STOPPED, STEP_READY, MACHINE_FAILED, DESKTOP_STOPPED,
                                     0};

static void
test_half_deleted(Fixture *fixture, gconstpointer data)
{
    g_autofree char *folder = desktop_folder(fixture, ID);
    write_desktop(fixture, DESKTOP_READY, STEP_READY, TRUE);
    begin(fixture);
    g_assert_null(inventory_find(fixture->inventory, ID, NULL));
    g_assert_cmpuint(inventory_count(fixture->inventory), ==, 0);
    inventory_delete(fixture->inventory, ID, on_deleted, fixture);
    wait_for_deletion(fixture, 1);
    g_assert_cmpuint(fixture->provider.destroys, ==, 1);
    g_assert_false(g_file_test(folder, G_FILE_TEST_EXISTS));
}

/* The next host finds the machine of a half deleted desktop alive, and is told that it boots. */
static void
test_half_deleted_alive(Fixture *fixture, gconstpointer data)
{
    fixture->provider.alive = TRUE;
    write_desktop(fixture, DESKTOP_READY, STEP_READY, TRUE);
    begin(fixture);
    FakeMachine *machine = fixture->provider.newest;
    machine->events->step(machine->user, STEP_BOOT);
    inventory_delete(fixture->inventory, ID, on_deleted, fixture);
    wait_for_deletion(fixture, 1);
    g_assert_cmpuint(fixture->provider.destroys, ==, 1);
}

static void
test_unknown_folders(Fixture *fixture, gconstpointer data)
{
    g_autofree char *empty = desktop_folder(fixture, ID);
    g_autofree char *with_disk = desktop_folder(fixture, OTHER);
    g_autofree char *disk = g_build_filename(with_disk, "disk.qcow2", NULL);
    g_assert_no_errno(g_mkdir_with_parents(empty, 0700));
    g_assert_no_errno(g_mkdir_with_parents(with_disk, 0700));
    g_assert_true(g_file_set_contents(disk, "somebody's work", -1, NULL));
    begin(fixture);
    g_assert_false(g_file_test(empty, G_FILE_TEST_EXISTS));
    g_assert_true(g_file_test(disk, G_FILE_TEST_EXISTS));
    g_assert_cmpuint(inventory_count(fixture->inventory), ==, 0);
}

static void
test_interrupted_import(Fixture *fixture, gconstpointer data)
{
    g_autofree char *disk =
        g_build_filename(fixture->settings.state_dir, "images", "half", "disk.qcow2", NULL);
    g_assert_true(g_file_set_contents(disk, "half of a disk", -1, NULL));
    begin(fixture);
    const Image *image = image_store_find(fixture->images, "half", NULL);
    g_assert_cmpint(image->state, ==, IMAGE_FAILED);
    g_assert_nonnull(strstr(image->reason, "interrupted"));
    g_assert_false(g_file_test(disk, G_FILE_TEST_EXISTS));
    g_assert_cmpint(image_store_find(fixture->images, "demo", NULL)->state, ==, IMAGE_READY);
}

/* Desktops may stand on the disk of an image whose record is damaged. */
static void
test_damaged_image(Fixture *fixture, gconstpointer data)
{
    g_autofree char *folder = g_build_filename(fixture->settings.state_dir, "images", "demo", NULL);
    g_autofree char *disk = g_build_filename(folder, "disk.qcow2", NULL);
    g_autofree char *record = g_build_filename(folder, "image.json", NULL);
    ImageSource source = {.path = disk};
    g_autoptr(GError) error = NULL;
    g_assert_true(g_file_set_contents(disk, "a disk", -1, NULL));
    g_assert_true(g_file_set_contents(record, "{", -1, NULL));
    begin(fixture);
    g_assert_null(image_store_find(fixture->images, "demo", NULL));
    g_assert_null(image_store_import(fixture->images, "demo", "", "", &source, &error));
    g_assert_error(error, ORIEL_ERROR, ORIEL_ERROR_EXISTS);
    g_assert_true(g_file_test(disk, G_FILE_TEST_EXISTS));
}

/* --- commands
 * -------------------------------------------------------------------------------------------------
 */

static void
refuse(Fixture *fixture, DesktopRecord *record, int code)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(inventory_create(fixture->inventory, record, &error));
    g_assert_error(error, ORIEL_ERROR, code);
}

static void
test_create(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    begin(fixture);
    Desktop *desktop =
        inventory_create(fixture->inventory, make_record(ID, DESKTOP_STOPPED, STEP_DISK), &error);
    g_assert_no_error(error);
    g_assert_cmpint(desktop_record(desktop)->state, ==, DESKTOP_STARTING);
    /* The same command again is executed once. */
    g_assert_true(inventory_create(fixture->inventory, make_record(ID, DESKTOP_STOPPED, STEP_DISK),
                                   &error) == desktop);
    g_assert_cmpuint(fixture->provider.starts, ==, 1);
    g_assert_cmpuint(inventory_count_on_image(fixture->inventory, "demo"), ==, 1);
    g_assert_cmpuint(inventory_promised_mib(fixture->inventory), >, 64);
    inventory_delete(fixture->inventory, ID, on_deleted, fixture);
    inventory_delete(fixture->inventory, ID, on_deleted, fixture);
    inventory_delete(fixture->inventory, OTHER, on_deleted, fixture);
    refuse(fixture, make_record(ID, DESKTOP_STOPPED, STEP_DISK), ORIEL_ERROR_REFUSED);
    wait_for_deletion(fixture, 3);
    g_assert_cmpuint(fixture->provider.destroys, ==, 1);
    g_assert_cmpuint(inventory_count_on_image(fixture->inventory, "demo"), ==, 0);
}

static void
test_refusals(Fixture *fixture, gconstpointer data)
{
    DesktopRecord *record = make_record(ID, DESKTOP_STOPPED, STEP_DISK);
    begin(fixture);
    record->memory_mib = 4 * 1024 * 1024;
    refuse(fixture, record, ORIEL_ERROR_REFUSED);
    record = make_record(ID, DESKTOP_STOPPED, STEP_DISK);
    g_free(record->image);
    record->image = g_strdup("nothing");
    refuse(fixture, record, ORIEL_ERROR_NOT_FOUND);
    record = make_record(ID, DESKTOP_STOPPED, STEP_DISK);
    g_free(record->image);
    record->image = g_strdup("half");
    refuse(fixture, record, ORIEL_ERROR_REFUSED);
    refuse(fixture, make_record("../../../etc/passwd", DESKTOP_STOPPED, STEP_DISK),
           ORIEL_ERROR_INVALID);
    for (guint i = 0; i < 2; i++) {
        g_autofree char *id = g_uuid_string_random();
        g_assert_nonnull(inventory_create(fixture->inventory,
                                          make_record(id, DESKTOP_STOPPED, STEP_DISK), NULL));
    }
    refuse(fixture, make_record(ID, DESKTOP_STOPPED, STEP_DISK), ORIEL_ERROR_REFUSED);
}

#define ADD(name, data, function)                                                                  \
    g_test_add("/inventory/" name, Fixture, data, set_up, function, tear_down)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    /* Warnings are part of what is tried here. */
    g_log_set_always_fatal(G_LOG_FATAL_MASK);
    ADD("alive", NULL, test_alive);
    ADD("dead/half-made", &half_made, test_dead);
    ADD("dead/half-started", &half_started, test_dead);
    ADD("dead/died-booting", &died_booting, test_dead);
    ADD("dead/died", &died, test_dead);
    ADD("dead/host-restarted", &host_restarted, test_dead);
    ADD("dead/was-stopping", &was_stopping, test_dead);
    ADD("dead/was-stopped", &was_stopped, test_dead);
    ADD("half-deleted", NULL, test_half_deleted);
    ADD("half-deleted-alive", NULL, test_half_deleted_alive);
    ADD("unknown-folders", NULL, test_unknown_folders);
    ADD("interrupted-import", NULL, test_interrupted_import);
    ADD("damaged-image", NULL, test_damaged_image);
    ADD("create", NULL, test_create);
    ADD("refusals", NULL, test_refusals);
    return g_test_run();
}
