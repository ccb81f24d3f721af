//! A saved report where several stand on one page: as a tile of a dashboard, and as one number.

use super::answer::{Answered, Looked, drawn};
use super::kind::Kind;
use super::saved::{address, chart};
use super::{funnel, words};
use crate::html::{Address, Visit};
use crate::language::Report;
use crate::saved::SavedReport;
use maud::{Markup, PreEscaped, html};

/// A saved report, and what came of asking it.
#[derive(Clone, Debug)]
pub struct Kept {
    /// What was saved.
    pub saved: SavedReport,
    /// What is asked; none where no page shows it.
    pub asked: Option<(Kind, Report)>,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of asking a report.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// An answer.
    Answered(Box<Answered>),
    /// None, for the reason that this sentence says.
    Refused(String),
    /// Nothing yet: it takes longer than the page waits.
    Later,
}

impl Kept {
    /// Its page.
    pub fn link(&self, visit: &Visit) -> Option<Address> {
        self.asked.as_ref().map(|(kind, _)| address(visit, *kind, &self.saved))
    }

    /// What kind of report it is and about when: `Trend · Last 30 days`.
    pub fn about(&self, visit: &Visit) -> String {
        match &self.asked {
            Some((kind, report)) => format!("{} · {}", kind.word(), words::range(visit, report.scope()).0),
            None => "Without a page".to_owned(),
        }
    }

    /// The number that the answer begins with; none where nothing matched.
    pub fn value(&self, visit: &Visit) -> Option<String> {
        match (&self.asked, &self.outcome) {
            (Some((kind, report)), Outcome::Answered(answered)) => {
                let looked = self.looked(visit, *kind, report, 1);
                drawn(&looked, answered).map(|drawn| drawn.sentence.value)
            }
            _ => None,
        }
    }

    /// The answer, on a tile: the sentence and what is drawn below it.
    pub fn draw(&self, visit: &Visit, tile: usize) -> Markup {
        match (&self.asked, &self.outcome) {
            (Some((kind, report)), Outcome::Answered(answered)) => {
                let looked = self.looked(visit, *kind, report, tile);
                match drawn(&looked, answered) {
                    Some(drawn) => html! {
                        (drawn.sentence)
                        ((drawn.picture)())
                        @if *kind == Kind::Funnel {
                            form id=(looked.id("drill")) method="get" action=(Address::new("/units")) {
                                (visit.kept())
                                input type="hidden" name="report" value=(self.saved.report);
                            }
                        }
                    },
                    None => html! { div class="state" { p { "Nothing matched " (looked.when()) } } },
                }
            }
            (_, Outcome::Refused(sentence)) => html! {
                div class="state" role="note" { h3 { "This could not be answered" } p { (sentence) } }
            },
            _ => html! {
                div class="state" {
                    p class="muted" hidden data-awaited { "Counting …" }
                    noscript { p { "This takes longer than the page waits; its own page has the answer." } }
                }
            },
        }
    }

    fn looked<'a>(&self, visit: &'a Visit, kind: Kind, report: &'a Report, tile: usize) -> Looked<'a> {
        Looked { visit, report, chart: chart(kind, &self.saved), tile: Some(tile) }
    }
}

/// What the tiles of a page refer to, once.
pub fn patterns() -> Markup {
    PreEscaped(funnel::HATCH.to_owned())
}
