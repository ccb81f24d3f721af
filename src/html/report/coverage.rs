//! "How was this counted?": what was looked at, the document, and the command that asks the same.

use super::answer::Answered;
use super::words;
use crate::figure::{count, percent};
use crate::language::{Report, TimeBound};
use maud::{Markup, html};

/// The lines below an answer.
pub fn coverage(json: &str, report: &Report, answered: Option<&Answered>) -> Markup {
    let unit = words::unit(&report.scope().count_by);
    // Single quotes end the shell's word and are put between words of their own.
    let command = format!("printf %s '{}' | trackcrumb report - --data DIR", json.replace('\'', r"'\''"));
    html! {
        details class="coverage" {
            summary { "How was this counted?" }
            dl {
                @if let Some(coverage) = answered.map(Answered::coverage) {
                    dt { "Events that matched" } dd { (count(coverage.matched)) }
                    @if report.scope().count_by.group_type().is_some() {
                        dt { "Left out, no " (unit) }
                        dd {
                            (count(coverage.without_group))
                            @if coverage.matched > 0 { " (" (percent(coverage.without_group as f64 / coverage.matched as f64)) ")" }
                            " " span class="muted" { "sent without one; they cannot be counted by " (unit) }
                        }
                    }
                }
                @if let Report::Trends(trends) = report && !trends.breakdown.is_empty() {
                    dt { "Values" } dd { "A " (unit) " with several values counts under each, so the rows may add up to more than all" }
                }
                @if let Report::Funnel(funnel) = report && report.scope().count_by.group_type().is_some() && funnel.hold.is_none() {
                    dt { "Pooled" } dd { "Different members of a " (unit) " may do different steps" }
                }
                @if report.scope().to == TimeBound::NOW { dt { "Until" } dd { "the moment of asking" } }
                dt { "Report document" }
                dd { pre tabindex="0" role="region" aria-label="Report document" class="doc" { (json) } }
                dt { "As a command" }
                dd {
                    div class="copy" {
                        pre tabindex="0" role="region" aria-label="Command" { (command) }
                        button type="button" class="btn s" data-copy=(command) hidden { "Copy" }
                    }
                }
            }
        }
    }
}
