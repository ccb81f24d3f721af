//! What long lists share: their search, their filters by property, their order, and the way through them.

use super::address::Address;
use super::icon::Icon;
use super::properties::{cut, text};
use super::state;
use super::table::{Order, Pager, heading};
use super::visit::Visit;
use crate::figure::count;
use crate::language::{Condition, Op};
use crate::model::Value;
use crate::pages::{ListPage, ListQuery, Sort};
use maud::{Markup, html};
use std::collections::BTreeSet;

/// How many rows a page may have; the first unless chosen otherwise.
pub const ROWS: [usize; 3] = [20, 50, 100];

/// The operators that are offered, with their words.
const OPERATORS: [(Op, &str); 10] = [
    (Op::Is, "is"),
    (Op::IsNot, "is not"),
    (Op::Contains, "contains"),
    (Op::NotContains, "does not contain"),
    (Op::Gt, "is greater than"),
    (Op::Gte, "is at least"),
    (Op::Lt, "is less than"),
    (Op::Lte, "is at most"),
    (Op::Set, "is set"),
    (Op::NotSet, "is not set"),
];

/// A page of a long list.
#[derive(Clone, Debug)]
pub struct List<'a, R> {
    /// The path of the list, without a query.
    pub path: Address,
    /// What was asked.
    pub query: &'a ListQuery,
    /// What was found.
    pub page: &'a ListPage<R>,
    /// What the rows are, such as `companies`.
    pub several: &'a str,
    /// What the search looks at, where nothing is written yet.
    pub hint: &'a str,
    /// What the first order is called.
    pub latest: &'a str,
    /// Properties to choose from.
    pub properties: BTreeSet<&'a str>,
}

impl<R> List<'_, R> {
    /// Whether nothing is there, whatever was asked.
    pub fn is_bare(&self) -> bool {
        self.page.all == 0
    }

    /// What keeps a list as it is, beside the workspace and the page.
    fn kept(&self) -> Vec<(&'static str, String)> {
        let ListQuery { search, filter, sort, is_reversed, limit, .. } = self.query;
        let sort = (*sort != Sort::default() || *is_reversed).then(|| sort.write(*is_reversed));
        let limit = (*limit != ROWS[0]).then(|| limit.to_string());
        let all = [
            ("search", search.clone()),
            ("filter", filter.as_ref().map(Condition::to_json)),
            ("sort", sort),
            ("limit", limit),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }

    /// Hidden fields that keep the list, but for those that a form has itself.
    fn hidden(&self, visit: &Visit, own: &[&str]) -> Markup {
        html! {
            (visit.kept())
            @for (name, value) in self.kept() {
                @if !own.contains(&name) { input type="hidden" name=(name) value=(value); }
            }
        }
    }

    /// The address of the same list with one parameter changed or taken away.
    fn with(&self, visit: &Visit, changed: &str, to: Option<String>) -> Address {
        let path = visit.within(self.path.clone());
        let kept = self.kept().into_iter().filter(|(name, _)| *name != changed);
        kept.fold(path, |address, (name, value)| address.with(name, value)).with_some(changed, to)
    }

    /// The line above the table: search, filters, order.
    pub fn head(&self, visit: &Visit) -> Markup {
        let filters = parts(self.query.filter.as_ref());
        html! {
            header {
                form class="search" method="get" role="search" action=(self.path) {
                    (self.hidden(visit, &["search"]))
                    label class="sr" for="search" { "Search " (self.several) }
                    (Icon::Search)
                    input id="search" type="search" name="search" placeholder=(self.hint) value=[self.query.search.as_deref()];
                }
                @for (place, condition) in filters.iter().enumerate() {
                    @let others: Vec<&Condition> = filters.iter().enumerate().filter(|(other, _)| *other != place).map(|(_, other)| *other).collect();
                    @let told = told(condition);
                    span class="chip" {
                        span { bdi { b { (told.0) } } " " span class="dim" { (told.1) } " " bdi { (told.2) } }
                        a class="x" href=(self.with(visit, "filter", together(&others))) aria-label={ "Remove the filter " (told.0) " " (told.1) " " (told.2) } {
                            (Icon::Close.small())
                        }
                    }
                }
                button class="btn s add" type="button" popovertarget="add-filter" { (Icon::Add.small()) "Filter by property" }
                (self.add_filter(visit))
                div class="right" {
                    span class="meta hide-s" { "Press " kbd { "/" } " to search" }
                    (self.order(visit))
                }
            }
        }
    }

    fn add_filter(&self, visit: &Visit) -> Markup {
        html! {
            div id="add-filter" popover aria-label="Filter by property" {
                form class="range first" method="get" action=(self.path) {
                    (self.hidden(visit, &[]))
                    label for="property" { "Property" }
                    input id="property" name="property" type="text" list="properties" required autocomplete="off";
                    datalist id="properties" { @for name in &self.properties { option value=(name) {} } }
                    label for="op" { "Condition" }
                    select id="op" name="op" { @for (op, words) in OPERATORS { option value=(op.as_str()) { (words) } } }
                    label for="value" { "Value" }
                    input id="value" name="value" type="text" autocomplete="off";
                    button class="btn primary" { "Add the filter" }
                }
            }
        }
    }

    fn order(&self, visit: &Visit) -> Markup {
        let current = self.query.sort.write(self.query.is_reversed);
        let mut choices =
            vec![("recent".to_owned(), self.latest.to_owned()), ("name".to_owned(), "By name".to_owned())];
        for name in &self.properties {
            let sort = Sort::Property((*name).to_owned());
            choices.push((sort.write(true), format!("{}, greatest first", cut(name))));
            choices.push((sort.write(false), format!("{}, least first", cut(name))));
        }
        if !choices.iter().any(|(sort, _)| *sort == current) {
            choices.push((current.clone(), format!("As chosen: {}", cut(&current))));
        }
        html! {
            form class="inline" method="get" action=(self.path) {
                (self.hidden(visit, &["sort"]))
                label class="sr" for="sort" { "Order" }
                select id="sort" name="sort" data-submit {
                    @for (sort, words) in &choices { option value=(sort) selected[*sort == current] { (words) } }
                }
                noscript { button class="btn" { "Apply" } }
            }
        }
    }

    /// The heading of a column by which the list is sorted, or can be. Names come from A to Z first, times latest first.
    pub fn heading(&self, visit: &Visit, name: &str, sort: &Sort) -> Markup {
        let (down, up) = (Order::Descending, Order::Ascending);
        let is_latest_first = *sort == Sort::Recent;
        let order =
            (self.query.sort == *sort).then_some(if self.query.is_reversed == is_latest_first { up } else { down });
        let is_reversed = order.is_some() && !self.query.is_reversed;
        let other = self.with(visit, "sort", Some(sort.write(is_reversed)));
        heading(name, order, Some(&other))
    }

    /// The line below the table.
    pub fn pager(&self, visit: &Visit) -> Markup {
        let ListPage { rows, first, total, all, .. } = self.page;
        let hidden = all.saturating_sub(*total);
        let mut told = match rows.len() as u64 {
            0 => format!("0 of {}", count(*total)),
            shown => format!("{}–{} of {}", count(first + 1), count(first + shown), count(*total)),
        };
        if hidden > 0 {
            told.push_str(&format!(" ({} not matching)", count(hidden)));
        }
        let kept = self.kept();
        let kept: Vec<(&'static str, &str)> =
            kept.iter().filter(|(name, _)| *name != "limit").map(|(name, value)| (*name, value.as_str())).collect();
        let page = |cursor: &Option<String>| cursor.clone().map(|cursor| self.with(visit, "cursor", Some(cursor)));
        let pager = Pager {
            told,
            path: self.path.clone(),
            kept: &kept,
            rows: self.query.limit,
            choices: &ROWS,
            previous: page(&self.page.previous_cursor),
            next: page(&self.page.next_cursor),
        };
        pager.draw(visit)
    }

    /// What stands in the place of the table where nothing matched.
    pub fn none_matched(&self, visit: &Visit) -> Markup {
        let search = self.query.search.as_deref();
        state::empty(
            html! { "No " (self.several) " match" @if let Some(search) = search { " “" bdi { (cut(search)) } "”" } },
            html! {
                p {
                    "There are " (count(self.page.all)) " in all. "
                    @if search.is_some() { "The search looks at names and at the values of properties, in any case. " }
                    @if self.query.filter.is_some() { "Filters look at properties as they are now." }
                }
            },
            html! {
                @if search.is_some() { a class="btn" href=(self.with(visit, "search", None)) { "Clear the search" } }
                @if self.query.filter.is_some() { a class="btn" href=(self.with(visit, "filter", None)) { "Remove the filters" } }
            },
        )
    }
}

/// The conditions that hold together.
fn parts(filter: Option<&Condition>) -> Vec<&Condition> {
    match filter {
        None => Vec::new(),
        Some(Condition::All(conditions)) => conditions.iter().collect(),
        Some(one) => vec![one],
    }
}

/// These conditions as one filter of an address; `None` for none.
fn together(conditions: &[&Condition]) -> Option<String> {
    match conditions {
        [] => None,
        [one] => Some(one.to_json()),
        several => Some(Condition::all(several.iter().map(|condition| (*condition).clone())).to_json()),
    }
}

/// A filter with another condition: a property, and what is written as its value. Numbers and truth values are meant
/// as such, and as texts that look like them too.
pub fn filtered(filter: Option<Condition>, path: &str, op: Op, value: &str) -> Condition {
    let as_text = Value::string(value);
    let literal: Option<Value> =
        serde_json::from_str::<serde_json::Value>(value).ok().map(|json| Value::from_serde(&json));
    let literal = literal.filter(|value| matches!(value, Value::Number(_) | Value::Bool(_)));
    let values: Vec<Value> = match op {
        _ if !op.takes_values() => Vec::new(),
        Op::Contains | Op::NotContains | Op::Matches => vec![as_text],
        _ => literal.into_iter().chain([as_text]).collect(),
    };
    let added = Condition::property(path, op, values);
    match filter {
        None => added,
        Some(Condition::All(mut conditions)) => {
            conditions.push(added);
            Condition::All(conditions)
        }
        Some(one) => Condition::all([one, added]),
    }
}

/// A condition in words: what, how, with which values.
fn told(condition: &Condition) -> (String, &'static str, String) {
    match condition {
        Condition::Property { path, test } => {
            let words = OPERATORS.iter().find(|(op, _)| *op == test.op()).map_or("matches", |(_, words)| *words);
            let mut values: Vec<String> = test.values().iter().map(text).collect();
            values.dedup();
            (cut(path), words, cut(&values.join(", ")))
        }
        Condition::Report(report) => ("Behind a number".to_owned(), "of", format!("a report of {}", report.kind())),
        Condition::Cohort(name) => ("Cohort".to_owned(), "is", cut(name)),
        other => ("Filter".to_owned(), "", cut(&other.to_json())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(query: &ListQuery) -> String {
        let page: ListPage<()> = ListPage {
            rows: vec![(); 2],
            next_cursor: Some("~b".to_owned()),
            previous_cursor: None,
            first: 20,
            total: 22,
            all: 30,
        };
        let properties = BTreeSet::from(["plan"]);
        let path = Address::new("/groups").part("company");
        let list = List {
            path,
            query,
            page: &page,
            several: "companies",
            hint: "Key",
            latest: "Last updated first",
            properties,
        };
        let visit = Visit::sample();
        format!(
            "{}{}{}",
            list.head(&visit).into_string(),
            list.heading(&visit, "Last updated", &Sort::Recent).into_string(),
            list.pager(&visit).into_string()
        )
    }

    #[test]
    fn a_list_keeps_what_was_asked_when_one_thing_changes() {
        let filter = filtered(None, "plan", Op::Is, "120");
        let filter = filtered(Some(filter), "x<y", Op::NotSet, "gone");
        let query =
            ListQuery { search: Some("a&b".to_owned()), filter: Some(filter), limit: 50, ..ListQuery::default() };
        let shown = draw(&query);
        assert!(shown.contains("<b>plan</b></bdi> <span class=\"dim\">is</span> <bdi>120</bdi>"), "{shown}");
        assert!(shown.contains("<b>x&lt;y</b></bdi> <span class=\"dim\">is not set</span>"), "{shown}");
        assert!(shown.contains("21–22 of 22 (8 not matching)") && shown.contains("cursor=~b"), "{shown}");
        assert!(shown.contains(r#"<input type="hidden" name="search" value="a&amp;b">"#), "{shown}");
        assert!(shown.contains("sort=-recent"), "a heading leads to the other order: {shown}");
    }

    #[test]
    fn what_is_written_is_meant_as_a_number_and_as_text() {
        let json = |op, value: &str| filtered(None, "p", op, value).to_json();
        assert_eq!(json(Op::Is, "120"), r#"{"op":"is","property":"p","value":[120,"120"]}"#);
        assert_eq!(json(Op::Is, "true"), r#"{"op":"is","property":"p","value":[true,"true"]}"#);
        assert_eq!(json(Op::Contains, "120"), r#"{"op":"contains","property":"p","value":"120"}"#);
        assert_eq!(json(Op::Set, "x"), r#"{"op":"set","property":"p"}"#);
    }
}
