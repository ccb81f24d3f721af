//! `/cohorts`: the saved cohorts, each with its size and its conditions.

use super::super::words;
use super::path;
use super::phrase::phrase;
use crate::figure::count;
use crate::html::frame::Frame;
use crate::html::icon::Icon;
use crate::html::menu::Place;
use crate::html::state;
use crate::html::{Address, Visit};
use crate::language::Cohort;
use maud::{Markup, html};
use serde_json::Value;

/// A cohort in the list.
#[derive(Clone, Debug)]
pub struct CohortRow {
    /// Its name.
    pub name: String,
    /// Its definition.
    pub cohort: Cohort,
    /// How many are in it, or why that is not known.
    pub size: Result<u64, String>,
}

/// The list. `first` is the document that a new cohort begins with.
pub fn cohorts(visit: &Visit, rows: &[CohortRow], first: &Value) -> Markup {
    let new: Address = visit.to(Place::Cohorts.path()).with("report", first);
    let content = html! {
        div class="head" {
            div { h1 { "Cohorts" } p class="sub" { "Users or groups with something in common, kept under a name" } }
            div class="actions" { a class="btn primary" href=(new) { (Icon::Add) "New cohort" } }
        }
        section class="card" {
            @if rows.is_empty() {
                (state::empty(
                    "No cohorts yet",
                    html! { p { "Put conditions together, or click any number of a report to see who is behind it, and save them as a cohort. It is counted anew whenever it is used." } },
                    html! { a class="btn" href=(new) { (Icon::Add) "New cohort" } a class="btn quiet" href=(visit.to(Place::Trends.path())) { (Icon::Trends) "Trends" } },
                ))
            } @else {
                div class="scroll" {
                    table class="stack" {
                        caption class="sr" { "Saved cohorts" }
                        thead { tr { th scope="col" { "Name" } th scope="col" { "Of" } th scope="col" class="num" { "Size now" } th scope="col" { "Conditions" } } }
                        tbody {
                            @for row in rows {
                                tr {
                                    th scope="row" class="name" { a href=(path(visit, Some(&row.name))) { (row.name) } }
                                    td data-l="Of" { (words::units(&row.cohort.scope.count_by)) }
                                    td class="num" data-l="Size now" {
                                        @match &row.size { Ok(size) => (count(*size)), Err(why) => span class="tag warn" title=(why) { "not known" } }
                                    }
                                    td class="wide trunc" { (phrase(visit, &row.cohort.scope, &row.cohort.where_)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    };
    Frame { title: "Cohorts", place: Some(Place::Cohorts), visit: Some(visit) }.around(&content)
}
