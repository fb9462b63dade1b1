/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "viewer/chooser-page.h"

#include "oriel-config.h"

#include "viewer/answers.h"

#include <glib/gi18n.h>

#define MAX_WIDTH 640

struct _ChooserPage {
    GtkBox parent;
    GtkLabel *greeting, *empty_text;
    GtkWidget *subtitle, *sign_out, *again;
    GtkStack *stack;
    GtkListBox *list;
};

G_DEFINE_FINAL_TYPE(ChooserPage, chooser_page, GTK_TYPE_BOX)

static guint chosen_signal, refresh_signal, sign_out_signal;

static void
on_row_activated(GtkListBox *list, GtkListBoxRow *row, ChooserPage *page)
{
    g_signal_emit(page, chosen_signal, 0, g_object_get_data(G_OBJECT(row), "pool"),
                  g_object_get_data(G_OBJECT(row), "title"));
}

static void
on_refresh(ChooserPage *page)
{
    g_signal_emit(page, refresh_signal, 0);
}

static void
on_sign_out(ChooserPage *page)
{
    g_signal_emit(page, sign_out_signal, 0);
}

/* Cards as wide as a full screen are hard to read. */
static void
chooser_page_size_allocate(GtkWidget *widget, GtkAllocation *area)
{
    GtkAllocation inner = *area;
    if (inner.width > MAX_WIDTH) {
        inner.x += (inner.width - MAX_WIDTH) / 2;
        inner.width = MAX_WIDTH;
    }
    GTK_WIDGET_CLASS(chooser_page_parent_class)->size_allocate(widget, &inner);
}

static void
chooser_page_class_init(ChooserPageClass *class)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(class);
    GType type = G_TYPE_FROM_CLASS(class);
    widget->size_allocate = chooser_page_size_allocate;
    chosen_signal = g_signal_new("chosen", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                 G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_STRING);
    refresh_signal =
        g_signal_new("refresh", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
    sign_out_signal =
        g_signal_new("sign-out", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
    gtk_widget_class_set_template_from_resource(widget,
                                                "/org/oriel_desktop/Viewer/chooser-page.ui");
    gtk_widget_class_bind_template_child(widget, ChooserPage, greeting);
    gtk_widget_class_bind_template_child(widget, ChooserPage, subtitle);
    gtk_widget_class_bind_template_child(widget, ChooserPage, sign_out);
    gtk_widget_class_bind_template_callback(widget, on_sign_out);
    gtk_widget_class_bind_template_child(widget, ChooserPage, empty_text);
    gtk_widget_class_bind_template_child(widget, ChooserPage, again);
    gtk_widget_class_bind_template_child(widget, ChooserPage, stack);
    gtk_widget_class_bind_template_child(widget, ChooserPage, list);
    gtk_widget_class_bind_template_callback(widget, on_row_activated);
    gtk_widget_class_bind_template_callback(widget, on_refresh);
}

static void
chooser_page_init(ChooserPage *page)
{
    gtk_widget_init_template(GTK_WIDGET(page));
}

void
chooser_page_show_sign_out(ChooserPage *page)
{
    gtk_widget_show(page->sign_out);
}

void
chooser_page_greet(ChooserPage *page, const char *full_name)
{
    g_autofree char *text = g_strdup_printf(_("Welcome, %s"), full_name);
    gtk_label_set_text(page->greeting, text);
}

void
chooser_page_set_loading(ChooserPage *page)
{
    gtk_stack_set_visible_child_name(page->stack, "loading");
    gtk_widget_show(page->subtitle);
}

static GtkWidget *
new_label(const char *text, const char *style)
{
    GtkWidget *label = gtk_label_new(text);
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_label_set_ellipsize(GTK_LABEL(label), PANGO_ELLIPSIZE_END);
    gtk_style_context_add_class(gtk_widget_get_style_context(label), style);
    return label;
}

static GtkWidget *
new_state_label(const PoolInfo *pool)
{
    const char *style = "dim-label";
    if (pool->use == POOL_FAILED)
        style = "oriel-error";
    else if (pool->use != POOL_UNUSED)
        style = "oriel-running";
    return new_label(pool_info_phrase(pool), style);
}

static GtkWidget *
new_row(const PoolInfo *pool)
{
    GtkWidget *row = gtk_list_box_row_new();
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 14);
    GtkWidget *words = gtk_box_new(GTK_ORIENTATION_VERTICAL, 2);
    GtkWidget *icon = gtk_image_new_from_icon_name(
        pool->is_app ? "application-x-executable-symbolic" : "computer-symbolic",
        GTK_ICON_SIZE_DND);
    GtkWidget *arrow = gtk_image_new_from_icon_name("go-next-symbolic", GTK_ICON_SIZE_BUTTON);

    gtk_style_context_add_class(gtk_widget_get_style_context(icon), "oriel-accent");
    gtk_style_context_add_class(gtk_widget_get_style_context(arrow), "dim-label");
    gtk_container_add(GTK_CONTAINER(words), new_label(pool->title, "oriel-name"));
    gtk_container_add(GTK_CONTAINER(words), new_state_label(pool));
    gtk_box_pack_start(GTK_BOX(box), icon, FALSE, FALSE, 0);
    gtk_box_pack_start(GTK_BOX(box), words, TRUE, TRUE, 0);
    gtk_box_pack_end(GTK_BOX(box), arrow, FALSE, FALSE, 0);
    gtk_container_add(GTK_CONTAINER(row), box);
    g_autofree char *spoken = g_strdup_printf("%s, %s", pool->title, pool_info_phrase(pool));
    atk_object_set_name(gtk_widget_get_accessible(row), spoken);
    g_object_set_data_full(G_OBJECT(row), "pool", g_strdup(pool->name), g_free);
    g_object_set_data_full(G_OBJECT(row), "title", g_strdup(pool->title), g_free);
    gtk_widget_set_sensitive(row, pool_info_can_open(pool));
    gtk_widget_show_all(row);
    return row;
}

void
chooser_page_set_pools(ChooserPage *page, GPtrArray *pools)
{
    gtk_container_foreach(GTK_CONTAINER(page->list),
                          (GtkCallback)(void (*)(void))gtk_widget_destroy, NULL);
    for (guint i = 0; i < pools->len; i++)
        gtk_container_add(GTK_CONTAINER(page->list), new_row(g_ptr_array_index(pools, i)));
    if (pools->len == 0) {
        chooser_page_set_error(
            page, _("There is no desktop for you yet. Your administrator can give you one."));
        return;
    }
    gtk_widget_show(page->subtitle);
    gtk_stack_set_visible_child_name(page->stack, "list");
    gtk_widget_grab_focus(GTK_WIDGET(gtk_list_box_get_row_at_index(page->list, 0)));
}

void
chooser_page_set_error(ChooserPage *page, const char *message)
{
    gtk_widget_hide(page->subtitle);
    gtk_label_set_text(page->empty_text, message);
    gtk_stack_set_visible_child_name(page->stack, "empty");
    gtk_widget_grab_focus(page->again);
}
