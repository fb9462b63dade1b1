/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "spice-core.h"
#include "spice-inbox.h"

/*
 * The graphics card of one SPICE viewer: the QXL interface, whose commands libspice-server's worker
 * thread fetches, and the life of its one surface. Each step of that is asynchronous: the worker
 * may be waiting for a slow viewer. Main thread only, in the server's scope, but for the worker's
 * callbacks.
 */

typedef struct QxlDevice QxlDevice;

typedef enum { SURFACE_NONE, SURFACE_CREATING, SURFACE_UP, SURFACE_DESTROYING } SurfaceState;

/* In the server's scope, but for room. */
typedef struct {
    void (*resize)(int width, int height, gpointer user); /* the viewer's window has this size */
    void (*surface_up)(gpointer user);                    /* it shows what it was made with */
    void (*surface_gone)(gpointer user);                  /* there may be another */
    void (*room)(gpointer user); /* it takes commands, after it took none */
} QxlDeviceEvents;

QxlDevice *qxl_device_new(SpiceServer *server, SpiceScope *scope, const QxlDeviceEvents *events,
                          gpointer user);
/* After spice_server_destroy(): then no callback comes any more. */
void qxl_device_free(QxlDevice *device);

SurfaceState qxl_device_surface(const QxlDevice *device);
/* Whether the surface has, or will have, the frame's size. */
gboolean qxl_device_fits(const QxlDevice *device, const Frame *frame);
/* Makes one of the frame's size and pixels; there is none now. surface_up() follows. */
void qxl_device_create_surface(QxlDevice *device, const Frame *frame);
/* surface_gone() follows. */
void qxl_device_destroy_surface(QxlDevice *device);

/* Has the worker room for commands? If not, room() follows. */
gboolean qxl_device_has_room(QxlDevice *device);
/* Takes over command. */
void qxl_device_draw(QxlDevice *device, QxlCommand *command);
/* The same for the cursor's; only the newest counts. */
void qxl_device_set_cursor(QxlDevice *device, QxlCommand *command);
/* The worker looks for commands. */
void qxl_device_wake(QxlDevice *device);
