//! The document around a page: its head, the sidebar with all pages, and what every page offers.

use super::Address;
use super::asset;
use super::icon::{Icon, brand};
use super::menu::{FIRST, MENU, Place};
use super::visit::Visit;
use maud::{DOCTYPE, Markup, html};

/// What differs from page to page.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// The name of the page.
    pub title: &'a str,
    /// Where in the sidebar it is.
    pub place: Option<Place>,
    /// Whoever looks, unless that is not known.
    pub visit: Option<&'a Visit>,
}

impl Frame<'_> {
    /// The document of a page.
    pub fn around(&self, content: &Markup) -> Markup {
        document(
            self.title,
            &html! {
                a class="skip" href="#main" { "Skip to content" }
                div class="app" {
                    header class="topbar" {
                        (self.home())
                        button class="btn quiet icon" type="button" data-theme-toggle aria-pressed="false" aria-label="Dark theme" {
                            (Icon::Moon)
                        }
                        button class="btn icon" type="button" popovertarget="side" aria-label="Menu" { (Icon::Menu) }
                    }
                    // A popover on phones, which opens without a script.
                    aside class="side" id="side" popover aria-label="Pages" {
                        (self.home())
                        (self.menu())
                        (self.foot())
                    }
                    main id="main" tabindex="-1" { (content) }
                }
            },
        )
    }

    fn to(&self, path: &str) -> Address {
        self.visit.map_or_else(|| Address::new(path), |visit| visit.to(path))
    }

    fn home(&self) -> Markup {
        html! { a class="brand" href=(self.to(FIRST.path())) { (brand()) "trackcrumb" } }
    }

    fn menu(&self) -> Markup {
        html! {
            nav aria-label="Main" {
                @for section in MENU {
                    div {
                        @if let Some(heading) = section.heading { h2 { (heading) } }
                        ul {
                            @for place in section.places {
                                li {
                                    a href=(self.to(place.path())) aria-current=[(self.place == Some(*place)).then_some("page")] {
                                        (place.icon()) (place.name())
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn foot(&self) -> Markup {
        html! {
            div class="foot" {
                button class="btn quiet s" type="button" data-theme-toggle aria-pressed="false" { (Icon::Moon) "Dark theme" }
                @if let Some(visit) = self.visit {
                    @if visit.is_signed_in {
                        form method="post" action="/logout" { button class="btn quiet s" { (Icon::Leave) "Sign out" } }
                    }
                    p class="meta trunc" { b { (visit.workspace) } br; "Times in " (visit.zone.name()) }
                }
                p class="meta" { a href="/api" { "API" } " · " a href="/licenses" { "Licences" } }
            }
        }
    }
}

/// A document of one card and nothing around it.
pub fn alone(title: &str, content: &Markup) -> Markup {
    document(title, &html! { main id="main" class="alone" { (content) } })
}

fn document(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                // Forms say where they come from only if pages do: see `access`.
                meta name="referrer" content="same-origin";
                title { (title) " · trackcrumb" }
                link rel="icon" href=(asset::address("icon.svg"));
                link rel="stylesheet" href=(asset::address("pages.css"));
                // Not deferred, so that the theme is set before anything is seen.
                script src=(asset::address("theme.js")) {}
                script type="module" src=(asset::address("pages.js")) {}
            }
            body { (body) }
        }
    }
}
