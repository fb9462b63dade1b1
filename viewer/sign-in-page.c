/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "viewer/sign-in-page.h"

#include "viewer/announce.h"

struct _SignInPage {
    GtkBox parent;
    GtkWidget *address_box, *address, *user, *password, *submit, *submit_stack, *spinner, *message;
    GtkComboBoxText *addresses;
    gboolean busy;
};

G_DEFINE_FINAL_TYPE(SignInPage, sign_in_page, GTK_TYPE_BOX)

static guint submitted_signal;

static gboolean
is_empty(GtkWidget *entry)
{
    return gtk_entry_get_text_length(GTK_ENTRY(entry)) == 0;
}

static void
update(SignInPage *page)
{
    gtk_widget_set_sensitive(page->submit, sign_in_page_complete(page) && !page->busy);
}

static void
on_changed(SignInPage *page)
{
    sign_in_page_set_error(page, NULL);
    update(page);
}

static void
on_submit(SignInPage *page)
{
    g_signal_emit(page, submitted_signal, 0);
}

/* Enter goes to the next field that lacks something, and signs in when none does. */
static void
on_activate(SignInPage *page)
{
    if (gtk_widget_get_sensitive(page->submit))
        on_submit(page);
    else if (!page->busy)
        sign_in_page_focus(page);
}

static void
sign_in_page_class_init(SignInPageClass *class)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(class);
    submitted_signal = g_signal_new("submitted", G_TYPE_FROM_CLASS(class), G_SIGNAL_RUN_LAST, 0,
                                    NULL, NULL, NULL, G_TYPE_NONE, 0);
    gtk_widget_class_set_template_from_resource(widget,
                                                "/org/oriel_desktop/Viewer/sign-in-page.ui");
    gtk_widget_class_bind_template_child(widget, SignInPage, address_box);
    gtk_widget_class_bind_template_child(widget, SignInPage, addresses);
    gtk_widget_class_bind_template_child(widget, SignInPage, address);
    gtk_widget_class_bind_template_child(widget, SignInPage, user);
    gtk_widget_class_bind_template_child(widget, SignInPage, password);
    gtk_widget_class_bind_template_child(widget, SignInPage, submit);
    gtk_widget_class_bind_template_child(widget, SignInPage, submit_stack);
    gtk_widget_class_bind_template_child(widget, SignInPage, spinner);
    gtk_widget_class_bind_template_child(widget, SignInPage, message);
    gtk_widget_class_bind_template_callback(widget, on_changed);
    gtk_widget_class_bind_template_callback(widget, on_activate);
    gtk_widget_class_bind_template_callback(widget, on_submit);
}

static void
sign_in_page_init(SignInPage *page)
{
    gtk_widget_init_template(GTK_WIDGET(page));
    update(page);
}

void
sign_in_page_fill(SignInPage *page, const char *address, const char *user,
                  const char *const *recent)
{
    if (recent) {
        gtk_combo_box_text_remove_all(page->addresses);
        for (; *recent; recent++)
            gtk_combo_box_text_append_text(page->addresses, *recent);
    }
    if (address)
        gtk_entry_set_text(GTK_ENTRY(page->address), address);
    if (user)
        gtk_entry_set_text(GTK_ENTRY(page->user), user);
}

void
sign_in_page_hide_address(SignInPage *page)
{
    gtk_widget_hide(page->address_box);
}

const char *
sign_in_page_address(SignInPage *page)
{
    return gtk_entry_get_text(GTK_ENTRY(page->address));
}

const char *
sign_in_page_user(SignInPage *page)
{
    return gtk_entry_get_text(GTK_ENTRY(page->user));
}

const char *
sign_in_page_password(SignInPage *page)
{
    return gtk_entry_get_text(GTK_ENTRY(page->password));
}

void
sign_in_page_set_user(SignInPage *page, const char *user)
{
    gtk_entry_set_text(GTK_ENTRY(page->user), user);
}

void
sign_in_page_set_password(SignInPage *page, const char *password)
{
    gtk_entry_set_text(GTK_ENTRY(page->password), password);
}

gboolean
sign_in_page_complete(SignInPage *page)
{
    return !is_empty(page->address) && !is_empty(page->user) && !is_empty(page->password);
}

void
sign_in_page_forget_password(SignInPage *page)
{
    gtk_entry_set_text(GTK_ENTRY(page->password), "");
}

void
sign_in_page_set_busy(SignInPage *page, gboolean busy)
{
    page->busy = busy;
    gtk_widget_set_sensitive(GTK_WIDGET(page->addresses), !busy);
    gtk_widget_set_sensitive(page->user, !busy);
    gtk_widget_set_sensitive(page->password, !busy);
    gtk_stack_set_visible_child_name(GTK_STACK(page->submit_stack), busy ? "spinner" : "label");
    g_object_set(page->spinner, "active", busy, NULL);
    update(page);
}

void
sign_in_page_set_error(SignInPage *page, const char *message)
{
    gtk_label_set_text(GTK_LABEL(page->message), message ? message : "");
    if (message)
        announce_label(page->message);
}

void
sign_in_page_focus(SignInPage *page)
{
    GtkWidget *first = page->password;
    if (is_empty(page->address))
        first = page->address;
    else if (is_empty(page->user))
        first = page->user;
    gtk_widget_grab_focus(first);
}
