/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "viewer/appearance.h"

#include <gtk/gtk.h>

#define PORTAL_NAMESPACE "org.freedesktop.appearance"
#define PORTAL_KEY       "color-scheme"
#define PREFER_DARK      1

struct Appearance {
    AppearanceChoice choice;
    gboolean theme_is_dark; /* as GTK's own settings began */
    gint system_dark;       /* -1: the system does not say */
    GDBusProxy *portal;
    GCancellable *cancellable;
};

static void
apply(Appearance *appearance)
{
    gboolean dark = appearance->choice == APPEARANCE_DARK;
    if (appearance->choice == APPEARANCE_SYSTEM)
        dark = appearance->system_dark >= 0 ? appearance->system_dark : appearance->theme_is_dark;
    g_object_set(gtk_settings_get_default(), "gtk-application-prefer-dark-theme", dark, NULL);
}

/* The portal wraps its value in variants, once or twice. */
static void
take_value(Appearance *appearance, GVariant *value)
{
    g_autoptr(GVariant) inner = g_variant_ref(value);
    while (g_variant_is_of_type(inner, G_VARIANT_TYPE_VARIANT)) {
        GVariant *next = g_variant_get_variant(inner);
        g_variant_unref(inner);
        inner = next;
    }
    if (!g_variant_is_of_type(inner, G_VARIANT_TYPE_UINT32))
        return;
    appearance->system_dark = g_variant_get_uint32(inner) == PREFER_DARK;
    apply(appearance);
}

static void
on_read(GObject *source, GAsyncResult *result, gpointer user)
{
    g_autoptr(GVariant) answer = g_dbus_proxy_call_finish(G_DBUS_PROXY(source), result, NULL);
    if (!answer)
        return; /* no such setting, or the program ended */
    g_autoptr(GVariant) value = g_variant_get_child_value(answer, 0);
    take_value(user, value);
}

static void
on_portal_signal(GDBusProxy *portal, const char *sender, const char *name, GVariant *parameters,
                 Appearance *appearance)
{
    if (g_strcmp0(name, "SettingChanged") != 0 ||
        !g_variant_is_of_type(parameters, G_VARIANT_TYPE("(ssv)")))
        return;
    const char *space, *key;
    g_autoptr(GVariant) value = NULL;
    g_variant_get(parameters, "(&s&sv)", &space, &key, &value);
    if (g_strcmp0(space, PORTAL_NAMESPACE) == 0 && g_strcmp0(key, PORTAL_KEY) == 0)
        take_value(appearance, value);
}

static void
on_portal(GObject *source, GAsyncResult *result, gpointer user)
{
    GDBusProxy *portal = g_dbus_proxy_new_for_bus_finish(result, NULL);
    if (!portal)
        return;
    Appearance *appearance = user;
    appearance->portal = portal;
    g_signal_connect(portal, "g-signal", G_CALLBACK(on_portal_signal), appearance);
    g_dbus_proxy_call(portal, "Read", g_variant_new("(ss)", PORTAL_NAMESPACE, PORTAL_KEY),
                      G_DBUS_CALL_FLAGS_NONE, 2000, appearance->cancellable, on_read, appearance);
}

Appearance *
appearance_new(AppearanceChoice choice)
{
    Appearance *appearance = g_new0(Appearance, 1);
    appearance->choice = choice;
    appearance->system_dark = -1;
    appearance->cancellable = g_cancellable_new();
    g_object_get(gtk_settings_get_default(), "gtk-application-prefer-dark-theme",
                 &appearance->theme_is_dark, NULL);
    apply(appearance);
    g_dbus_proxy_new_for_bus(G_BUS_TYPE_SESSION, G_DBUS_PROXY_FLAGS_DO_NOT_LOAD_PROPERTIES, NULL,
                             "org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop",
                             "org.freedesktop.portal.Settings", appearance->cancellable, on_portal,
                             appearance);
    return appearance;
}

void
appearance_free(Appearance *appearance)
{
    if (!appearance)
        return;
    g_cancellable_cancel(appearance->cancellable);
    if (appearance->portal)
        g_signal_handlers_disconnect_by_data(appearance->portal, appearance);
    g_clear_object(&appearance->portal);
    g_object_unref(appearance->cancellable);
    g_free(appearance);
}

void
appearance_set(Appearance *appearance, AppearanceChoice choice)
{
    appearance->choice = choice;
    apply(appearance);
}
