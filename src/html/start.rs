//! `/` of a workspace without events: how to send the first ones.

use super::frame::Frame;
use super::menu::Place;
use super::snippet::{Snippets, copied};
use super::visit::Visit;
use maud::{Markup, html};

/// What the page knows.
#[derive(Clone, Copy, Debug)]
pub struct Start<'a> {
    /// Under which the server is asked, such as `http://127.0.0.1:8080`.
    pub origin: &'a str,
    /// Whether sending needs a key.
    pub needs_key: bool,
    /// Whether a group() call or an event has named a group.
    pub has_groups: bool,
    /// Whether a call has named a user.
    pub has_users: bool,
}

/// Where a key belongs, as nobody knows the secret of one any more.
const KEY: &str = "YOUR_WRITE_KEY";

/// The page.
pub fn start(visit: &Visit, start: &Start<'_>) -> Markup {
    let snippets = Snippets { origin: start.origin, key: start.needs_key.then_some(KEY) };
    let content = html! {
        div class="head" {
            div {
                h1 { "Send your first event" }
                p class="sub" { "This workspace has no events yet. Pick one way in; this page turns into your home as soon as something arrives." }
            }
        }
        @if start.needs_key {
            div class="note" {
                span { "Sending needs a write key, in the place of " code { (KEY) } ". Whoever made one has it; nobody can read it here." }
                form class="inline" method="post" action=(visit.to("/settings/keys")) {
                    input type="hidden" name="name" value="first event";
                    button class="btn s" name="kind" value="write" { "Make a key, and show it with these" }
                }
            }
        }
        div class="cols" {
            section class="card c6" aria-labelledby="browser" {
                header { h2 id="browser" { "In the browser" } span class="tag acc" { "most common" } }
                div class="body" {
                    p class="sub" { "Paste before " code { "</head>" } ". A write key can only send." }
                    (snippets.browser())
                }
            }
            section class="card c6" aria-labelledby="server" {
                header { h2 id="server" { "From a server or a terminal" } }
                div class="body" {
                    p class="sub" { "Answers once the event is on disk." }
                    (snippets.curl())
                    h3 { "Bring what you already have" }
                    (snippets.batch())
                    p class="sub" { "Large files are read faster by " code { "trackcrumb import" } ", while the server is stopped." }
                    h3 { "Only looking?" }
                    (copied("the demo command", "trackcrumb demo"))
                }
            }
        }
        section class="card" aria-labelledby="waiting" {
            header {
                h2 id="waiting" { "Waiting for the first event" }
                span class="live" hidden { i {} span { "listening" } }
            }
            ol class="feed" data-await=(visit.to("/api/feed").with("limit", 1)) {
                (step(1, html! { "The server runs, and the workspace can be written" }, true))
                (step(2, html! { "A user is known" }, start.has_users))
                (step(3, html! { "A group is known " span class="muted" { "– without one, nothing can be counted by company" } }, start.has_groups))
                (step(4, html! { "The first event has arrived" }, false))
            }
        }
    };
    Frame { title: "Home", place: Some(Place::Home), visit: Some(visit) }.around(&content)
}

fn step(number: u8, what: Markup, is_done: bool) -> Markup {
    html! {
        li {
            span { (number) }
            span { (what) }
            @if is_done { span class="tag good" { "done" } } @else { span class="tag" { "waiting" } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_snippets_carry_the_address_and_a_key_only_where_one_is_needed() {
        let page = |needs_key| {
            let known = Start { origin: "http://stats.example", needs_key, has_groups: true, has_users: false };
            start(&Visit::sample(), &known).into_string()
        };
        let open = page(false);
        assert!(open.contains("&lt;script src=&quot;http://stats.example/tracker.js&quot;&gt;"), "{open}");
        assert!(open.contains("tracker.init(null);") && !open.contains(KEY), "{open}");
        assert_eq!(open.matches(">done<").count(), 2);
        let keyed = page(true);
        assert!(keyed.contains(&format!("tracker.init(&quot;{KEY}&quot;);")), "{keyed}");
        assert!(keyed.contains(&format!("Authorization: Bearer {KEY}")) && keyed.contains("/settings/keys"), "{keyed}");
    }
}
