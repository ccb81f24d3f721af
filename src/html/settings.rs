//! `/settings`: what a workspace is told about itself, and who may ask.

use super::frame::Frame;
use super::menu::Place;
use super::moment::on;
use super::properties::cut;
use super::snippet::{Snippets, copied};
use super::table::heading;
use super::visit::Visit;
use crate::figure::{bytes, count, counted, number};
use crate::language::Zone;
use crate::model::Timestamp;
use crate::pages::DeclaredTypes;
use crate::store::StoreStats;
use maud::{Markup, html};

/// A key as people may know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRow {
    /// By which it is named.
    pub id: String,
    /// What it is for; may be empty.
    pub name: String,
    /// Whether it only sends.
    pub only_sends: bool,
    /// When it was made, RFC 3339.
    pub created: String,
}

/// A key that was made just now, which is shown this once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeKey {
    /// The key itself.
    pub secret: String,
    /// Whether it only sends.
    pub only_sends: bool,
    /// Under which the server is asked.
    pub origin: String,
    /// Whether it is the first to read: nobody gets in without one from now on.
    pub shuts_out: bool,
}

/// Everything that the page shows.
#[derive(Clone, Copy, Debug)]
pub struct SettingsPage<'a> {
    /// All group types.
    pub types: &'a DeclaredTypes,
    /// All keys.
    pub keys: &'a [KeyRow],
    /// What is stored.
    pub stats: &'a StoreStats,
    /// What was just done, as a sentence.
    pub done: Option<&'a str>,
    /// What was just made.
    pub made: Option<&'a MadeKey>,
}

/// The page.
pub fn settings(visit: &Visit, page: &SettingsPage<'_>) -> Markup {
    let content = html! {
        div class="head" { div { h1 { "Settings" } p class="sub" { "Workspace " b { (visit.workspace) } } } }
        @if let Some(done) = page.done { p class="note" role="status" { (done) } }
        @if let Some(made) = page.made { (made_key(visit, made)) }
        (page.counting(visit))
        (page.group_types(visit))
        (page.keys(visit))
        (page.keeping(visit))
        (page.deleting(visit))
    };
    Frame { title: "Settings", place: Some(Place::Settings), visit: Some(visit) }.around(&content)
}

fn made_key(visit: &Visit, made: &MadeKey) -> Markup {
    html! {
        section class="card" aria-labelledby="made" {
            header { h2 id="made" { "Your new key" } span class="tag warn" { "shown this once" } }
            div class="body" {
                p class="sub" {
                    @if made.only_sends { "It can only send, and may be public in a browser." }
                    @else { "It reads everything in this workspace. Keep it secret." }
                    " Only its hash is kept here; copy it now."
                }
                (copied("the key", &made.secret))
                @if made.only_sends {
                    @let snippets = Snippets { origin: &made.origin, key: Some(&made.secret) };
                    p class="sub" { "In a browser, before " code { "</head>" } ":" }
                    (snippets.browser())
                    p class="sub" { "From a server or a terminal:" }
                    (snippets.curl())
                }
                @if made.shuts_out {
                    p class="note warn" {
                        span { "From now on these pages ask for a key to read. " a href={ "/login?next=" (visit.to(Place::Settings.path())) } { "Sign in with it" } }
                    }
                }
            }
        }
    }
}

impl SettingsPage<'_> {
    fn counting(&self, visit: &Visit) -> Markup {
        html! {
            section class="card" aria-labelledby="counting" {
                header { h2 id="counting" { "Counting" } }
                form class="form" method="post" action=(visit.to("/settings/timezone")) {
                    label for="timezone" { "Time zone" }
                    div class="ctl" {
                        div class="inline" {
                            select id="timezone" name="timezone" aria-describedby="timezone-hint" {
                                @let names: Vec<String> = Zone::names().collect();
                                @if !names.iter().any(|name| name == visit.zone.name()) { option selected { (visit.zone.name()) } }
                                @for name in names { option selected[name == visit.zone.name()] { (name) } }
                            }
                            button class="btn primary" { "Save" }
                        }
                        p class="hint" id="timezone-hint" { "Where a day begins in every report that names no zone of its own, and in which times are told." }
                    }
                }
            }
        }
    }

    fn group_types(&self, visit: &Visit) -> Markup {
        let only = self.types.only_declared;
        html! {
            section class="card" aria-labelledby="types" {
                header { h2 id="types" { "Group types" } }
                @if !self.types.types.is_empty() {
                    div class="scroll" {
                        table class="stack" {
                            caption class="sr" { "Group types" }
                            thead { tr { (heading("Type", None, None)) th scope="col" class="num" { "Keys" } (heading("Name for people", None, None)) } }
                            tbody {
                                @for (place, row) in self.types.types.iter().enumerate() {
                                    tr {
                                        th scope="row" class="mono name" { (row.group_type) }
                                        td class="num" data-l="Keys" { (count(row.keys)) }
                                        td {
                                            form class="inline" method="post" action=(visit.to("/settings/types")) {
                                                input type="hidden" name="type" value=(row.group_type);
                                                @let id = format!("type-{place}");
                                                label class="sr" for=(id) { "Name of " (cut(&row.group_type)) " for people" }
                                                input id=(id) type="text" name="name" required value=[row.name.as_deref()] placeholder="Companies";
                                                button class="btn s" { @if row.declared { "Rename" } @else { "Declare" } }
                                                @if !row.declared { span class="tag" { "not declared" } }
                                            }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
                form class="form" method="post" action=(visit.to("/settings/types")) {
                    label for="new-type" { "Another type" }
                    div class="ctl" {
                        div class="inline" {
                            input id="new-type" type="text" name="type" required placeholder="company" autocomplete="off";
                            label class="sr" for="new-name" { "Its name for people" }
                            input id="new-name" type="text" name="name" required placeholder="Companies" autocomplete="off";
                            button class="btn" { "Declare" }
                        }
                    }
                }
                form class="form" method="post" action=(visit.to("/settings/only-declared")) {
                    span class="l" { "Undeclared types" }
                    div class="ctl" {
                        div class="inline" {
                            span class=(if only { "tag warn" } else { "tag good" }) { @if only { "refused" } @else { "taken" } }
                            input type="hidden" name="on" value=(if only { "false" } else { "true" });
                            button class="btn" { @if only { "Take them" } @else { "Refuse them" } }
                        }
                        p class="hint" { "When they are refused, a call or event that names a type which is not declared is refused, so that a typing error makes no new type." }
                    }
                }
            }
        }
    }

    fn keys(&self, visit: &Visit) -> Markup {
        html! {
            section class="card" aria-labelledby="keys" {
                header { h2 id="keys" { "Keys" } }
                @if self.keys.is_empty() {
                    div class="body" { p class="muted" { "There are none: whoever uses this machine may send and read, and nobody else." } }
                } @else {
                    div class="scroll" {
                        table class="stack" {
                            caption class="sr" { "Keys" }
                            thead { tr { (heading("Name", None, None)) (heading("Kind", None, None)) (heading("Id", None, None)) (heading("Made", None, None)) th scope="col" { span class="sr" { "Actions" } } } }
                            tbody { @for key in self.keys { (key_row(visit, key)) } }
                        }
                    }
                }
                form class="form" method="post" action=(visit.to("/settings/keys")) {
                    label for="key-name" { "New key" }
                    div class="ctl" {
                        div class="inline" {
                            input id="key-name" type="text" name="name" placeholder="What it is for" autocomplete="off" maxlength="100";
                            label class="sr" for="kind" { "Kind" }
                            select id="kind" name="kind" {
                                option value="write" { "write: may be public" }
                                option value="read" { "read: keep secret" }
                            }
                            button class="btn" { "Make a key" }
                        }
                        p class="hint" { "As soon as there is a key of a kind, whoever sends or reads needs one." }
                    }
                }
            }
        }
    }

    fn keeping(&self, visit: &Visit) -> Markup {
        let stats = self.stats;
        html! {
            section class="card" aria-labelledby="keeping" {
                header { h2 id="keeping" { "Keeping data" } }
                form class="form" method="get" action="/settings/keep" {
                    label for="days" { "Keep events for" }
                    div class="ctl" {
                        (visit.kept())
                        div class="inline" {
                            input id="days" type="number" name="days" min="1" max="100000" value=[stats.keep_days] aria-describedby="keep-hint";
                            span { "days" }
                            button class="btn" { "See what would go" }
                        }
                        p class="hint" id="keep-hint" {
                            @match stats.keep_days {
                                Some(days) => { "Events older than " (counted(u64::from(days), "day")) " go for good. Left empty, all are kept. " }
                                None => "All are kept, as nothing is set. ",
                            }
                            "Properties of users and groups stay."
                        }
                    }
                    span class="l" { "On disk" }
                    div class="ctl" {
                        p {
                            (counted(stats.events, "event")) " · " (bytes(stats.total_bytes))
                            @if let Some(each) = stats.bytes_per_event { " · " (number(each)) " bytes an event" }
                        }
                    }
                }
            }
        }
    }

    fn deleting(&self, visit: &Visit) -> Markup {
        html! {
            section class="card" aria-labelledby="deleting" {
                header { h2 id="deleting" { "Delete a user or a group" } }
                form class="form" method="get" action="/settings/delete" {
                    label for="del" { "Who" }
                    div class="ctl" {
                        (visit.kept())
                        div class="inline" {
                            label class="sr" for="del-kind" { "Kind" }
                            select id="del-kind" name="group" {
                                option value="" { "User" }
                                @for row in &self.types.types { option value=(row.group_type) { (row.group_type) } }
                            }
                            input id="del" type="text" name="name" required placeholder="Exact id or key" autocomplete="off";
                            button class="btn danger" { "Look up" }
                        }
                        p class="hint" { "You see what would go before anything does. Deleting takes it out of every answer and every file, and cannot be undone." }
                    }
                }
            }
        }
    }
}

fn key_row(visit: &Visit, key: &KeyRow) -> Markup {
    let created = Timestamp::parse(&key.created).ok();
    html! {
        tr {
            th scope="row" class="name" { @if key.name.is_empty() { span class="muted" { "without a name" } } @else { (key.name) } }
            td data-l="Kind" {
                @if key.only_sends { span class="tag acc" { "write" } span class="muted" { " only sends" } }
                @else { span class="tag" { "read" } span class="muted" { " keep secret" } }
            }
            td class="mono" data-l="Id" { (key.id) }
            td class="nowrap" data-l="Made" { @if let Some(created) = created { (on(visit, created)) } }
            td class="num" {
                form method="get" action="/settings/revoke" {
                    (visit.kept())
                    input type="hidden" name="id" value=(key.id);
                    button class="btn s danger" aria-label={ "Take back the key " (key.id) } { "Take back" }
                }
            }
        }
    }
}
