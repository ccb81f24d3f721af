//! Names that the store does not have, and the ones that may have been meant.

use thiserror::Error;

/// Something was asked for by a name that the store does not have.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("there is no {kind} `{name}`; {}", suggestion(nearest))]
pub struct UnknownName {
    /// What kind of thing.
    pub kind: &'static str,
    /// The name.
    pub name: String,
    /// Known names that are much like it, nearest first.
    pub nearest: Vec<String>,
}

/// How many near names are proposed.
const NEAREST_MAX: usize = 3;
/// How alike a name must be to be proposed, from 0 to 1.
const LIKENESS_MIN: f64 = 0.7;
/// How many known names are compared at most: an error should not take long.
const COMPARED_MAX: usize = 100_000;

impl UnknownName {
    /// An unknown name among known ones of its kind.
    pub fn new<'n>(kind: &'static str, name: &str, known: impl Iterator<Item = &'n str>) -> Self {
        let wanted = name.to_lowercase();
        let mut scored: Vec<(f64, &str)> = known
            // Erased names are empty.
            .filter(|candidate| !candidate.is_empty())
            .take(COMPARED_MAX)
            .map(|candidate| (strsim::jaro_winkler(&wanted, &candidate.to_lowercase()), candidate))
            .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
            .collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
        let nearest = scored.into_iter().take(NEAREST_MAX).map(|(_, name)| name.to_owned()).collect();
        Self { kind, name: name.to_owned(), nearest }
    }
}

/// What to try instead.
fn suggestion(nearest: &[String]) -> String {
    if nearest.is_empty() {
        return "check its spelling".to_owned();
    }
    let names: Vec<String> = nearest.iter().map(|name| format!("`{name}`")).collect();
    format!("did you mean {}?", names.join(" or "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_proposed_nearest_first() {
        let known = ["company", "team", "Companies"];
        let error = UnknownName::new("group type", "compnay", known.into_iter());
        assert_eq!(error.to_string(), "there is no group type `compnay`; did you mean `company` or `Companies`?");
        let error = UnknownName::new("user", "zzz", known.into_iter());
        assert_eq!(error.to_string(), "there is no user `zzz`; check its spelling");
    }
}
