//! The page where a key is given.

use super::frame::alone;
use super::icon::brand;
use maud::{Markup, html};

/// What the page says.
#[derive(Clone, Copy, Debug)]
pub struct Login<'a> {
    /// The address that is led to afterwards.
    pub next: &'a str,
    /// Why the key that was given does not do.
    pub refusal: Option<&'a str>,
}

/// The page.
pub fn login(login: &Login<'_>) -> Markup {
    let content = html! {
        section class="card" {
            header class="brand" { (brand()) h1 { "Sign in to trackcrumb" } }
            div class="body gcol" {
                @if let Some(refusal) = login.refusal {
                    p class="note bad" id="refusal" role="alert" { (refusal) }
                }
                form method="post" action="/login" {
                    input type="hidden" name="next" value=(login.next);
                    label for="key" { "Read key" }
                    input id="key" name="key" type="password" autocomplete="current-password" required autofocus
                        aria-invalid=[login.refusal.map(|_| "true")] aria-describedby=[login.refusal.map(|_| "refusal")];
                    button class="btn primary" { "Sign in" }
                }
                p class="meta" {
                    "It is kept in a cookie of this browser. " code { "trackcrumb key create --kind read" } " makes a key."
                }
            }
        }
    };
    alone("Sign in", &content)
}
