//! Conditions in words.

use super::super::matcher::split;
use super::super::{filter, words};
use crate::figure::counted;
use crate::html::Visit;
use crate::language::{Condition, Matcher, Membership, Scope, TimeBound, Times};
use maud::{Markup, html};

/// A condition in words, within a cohort of this scope.
pub fn phrase(visit: &Visit, scope: &Scope, condition: &Condition) -> Markup {
    let list = |conditions: &[Condition], joint: &str, none: &str| {
        html! {
            @if conditions.is_empty() { span class="dim" { (none) } }
            @for (place, one) in conditions.iter().enumerate() {
                @if place > 0 { " " (joint) " " }
                @if matches!(one, Condition::All(_) | Condition::Any(_)) { "(" (phrase(visit, scope, one)) ")" } @else { (phrase(visit, scope, one)) }
            }
        }
    };
    let when = |from: &TimeBound, to: &TimeBound| {
        html! { @if !(from.is_open() && to.is_open()) { span class="dim" { " " (words::range(visit, &within(scope, from, to)).1) } } }
    };
    let event = |matcher: &Matcher| {
        let (names, filters) = split(Some(&matcher.to_value()));
        html! {
            b class="mono" { @if names == ["*"] { "any event" } @else { (names.join(" or ")) } }
            @for (place, filter) in filters.iter().enumerate() {
                span class="dim" { (if place == 0 { " where " } else { " and " }) } (filter::phrase(filter))
            }
        }
    };
    match condition {
        Condition::All(conditions) => list(conditions, "and", "no condition"),
        Condition::Any(conditions) => list(conditions, "or", "none of no conditions"),
        Condition::Not(inner) => html! { span class="dim" { "not: " } (phrase(visit, scope, inner)) },
        Condition::Did { event: matcher, times, from, to } => html! {
            span class="dim" { "did " } (event(matcher))
            @if *times != Times::at_least(1) { " " (told(times)) }
            (when(from, to))
        },
        Condition::FirstDid { event: matcher, from, to } => {
            html! { span class="dim" { "first did " } (event(matcher)) (when(from, to)) }
        }
        Condition::Property { path, test } => {
            let values: Vec<_> = test.values().iter().map(|value| words::value(value).into_owned()).collect();
            html! { b { (path) } " " span class="dim" { (test.op().to_string().replace('_', " ")) } " " (values.join(", ")) }
        }
        Condition::Cohort(name) => html! { span class="dim" { "in the cohort " } b { (name) } },
        Condition::MemberOf(Membership::Keys { group, keys }) => {
            html! { span class="dim" { "member of " (group) " " } (keys.join(", ")) }
        }
        Condition::MemberOf(Membership::Cohort(name)) => {
            html! { span class="dim" { "member of one in " } b { (name) } }
        }
        Condition::HasMemberIn(name) => html! { span class="dim" { "with a member in " } b { (name) } },
        Condition::Report(report) => {
            let range = words::range(visit, report.scope()).1;
            html! { span class="dim" { "counted in a number of a " (report.kind()) " report " (range) } }
        }
    }
}

/// The scope of a condition with bounds of its own.
pub fn within(scope: &Scope, from: &TimeBound, to: &TimeBound) -> Scope {
    Scope { from: from.clone(), to: to.clone(), ..scope.clone() }
}

/// `at least 3 times and at most 5 times`.
fn told(times: &Times) -> String {
    let bounds = [
        ("more than", times.gt),
        ("at least", times.gte),
        ("fewer than", times.lt),
        ("at most", times.lte),
        ("exactly", times.is),
    ];
    let told =
        bounds.iter().filter_map(|(words, bound)| Some(format!("{words} {}", counted((*bound)? as u64, "time"))));
    told.collect::<Vec<_>>().join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_told_with_its_times_and_its_range() {
        let plan = Condition::property("plan", crate::language::Op::Is, "a<b");
        let often = Condition::did("paid")
            .times(Times { gte: Some(3), lte: Some(1_000), ..Times::default() })
            .from("-30d")
            .to("now");
        let condition =
            Condition::all([often, Condition::any([plan, Condition::cohort("x").not()]), Condition::did("*").not()]);
        let told = phrase(&Visit::sample(), &Scope::default(), &condition).into_string();
        let mut text = String::new();
        let mut inside = false;
        for letter in told.chars() {
            match letter {
                '<' => inside = true,
                '>' => inside = false,
                _ if !inside => text.push(letter),
                _ => {}
            }
        }
        let wanted = "did paid at least 3 times and at most 1,000 times in the last 30 days \
                      and (plan is a&lt;b or not: in the cohort x) and not: did any event";
        assert_eq!(text, wanted);
    }
}
