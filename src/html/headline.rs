//! The figures at the head of a page: a number, its days, and what it was before.

use super::plot::spark;
use crate::figure::count;
use crate::reports::TrendsSeries;
use maud::{Markup, html};

/// A number, its days, and what it was before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headline {
    /// Now.
    pub now: u64,
    /// In the time it is compared with.
    pub before: u64,
    /// Day by day.
    pub days: Vec<u64>,
}

impl Headline {
    /// The numbers of a series of counts.
    pub fn of_series(series: Option<&TrendsSeries>) -> Self {
        let Some(series) = series else { return Self::default() };
        Self {
            now: whole(series.total),
            before: series.previous.as_ref().map_or(0, |previous| whole(previous.total)),
            days: series.values.iter().copied().map(whole).collect(),
        }
    }
}

/// A figure that counts something.
pub fn whole(figure: crate::reports::Figure) -> u64 {
    figure.to_f64().map_or(0, |value| value as u64)
}

/// By how much a number changed, as a share of what it was; in words where it was nothing.
pub fn change(now: u64, before: u64) -> Markup {
    if before == 0 {
        return html! { @if now == 0 { "none, as" } @else { span class="up" { "+" (count(now)) } } };
    }
    let share = (now as f64 - before as f64) / before as f64 * 100.0;
    let told = format!("{:.1}%", share.abs());
    html! {
        @if told == "0.0%" { "no change" } @else if share > 0.0 { span class="up" { "+" (told) } } @else { span class="down" { "−" (told) } }
    }
}

/// Figures side by side: what each is, the number, its days, and what it is compared with.
pub fn headlines(figures: &[(&str, Markup, Option<&Vec<u64>>, Markup)]) -> Markup {
    html! {
        section class="card kpis" aria-label="Headline numbers" {
            @for (label, value, days, below) in figures {
                div class="kpi" {
                    span class="lbl" { (label) }
                    span class="val" { (value) }
                    @if let Some(days) = days { (spark(days)) }
                    span class="delta" { (below) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_have_a_sign() {
        let told = |now, before| change(now, before).into_string();
        assert_eq!(told(1_087, 1_000), r#"<span class="up">+8.7%</span>"#);
        assert_eq!(told(984, 1_000), r#"<span class="down">−1.6%</span>"#);
        assert_eq!((told(1_000, 1_000).as_str(), told(0, 0).as_str()), ("no change", "none, as"));
        assert_eq!(told(1_200, 0), r#"<span class="up">+1,200</span>"#);
    }
}
