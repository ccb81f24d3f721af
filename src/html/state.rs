//! What stands where an answer would be, when there is none: what is so, why, and what to do about it.

use maud::{Markup, html};

/// Nothing is there, or nothing matched.
pub fn empty(heading: impl maud::Render, body: Markup, remedies: Markup) -> Markup {
    html! {
        div class="state" {
            h2 { (heading) }
            (body)
            div class="inline" { (remedies) }
        }
    }
}

/// It went wrong.
pub fn error(heading: &str, body: Markup, remedies: Markup) -> Markup {
    html! {
        div class="state" role="alert" {
            h1 { (heading) }
            (body)
            div class="inline" { (remedies) }
        }
    }
}
