//! What is counted, as people call it: users, or the keys of a group type by the name that it was given for people.

use super::report::words::{capital, plural};
use crate::pages::DeclaredTypes;
use maud::{Markup, html};

/// Names of what is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The group type; `None` for users.
    pub group_type: Option<String>,
    /// Of one.
    pub one: String,
    /// Of several.
    pub several: String,
}

impl Counted {
    /// Users.
    pub fn users() -> Self {
        Self { group_type: None, one: "user".to_owned(), several: "users".to_owned() }
    }

    /// The keys of a group type. A name for people is taken for that of several.
    pub fn keys(types: &DeclaredTypes, group_type: &str) -> Self {
        let declared = types.types.iter().find(|row| row.group_type == group_type).and_then(|row| row.name.as_deref());
        let several = match declared {
            Some(name) if name != group_type => name.to_lowercase(),
            _ => plural(group_type),
        };
        Self { group_type: Some(group_type.to_owned()), one: group_type.to_owned(), several }
    }

    /// The name of several, where a sentence or a heading begins with it.
    pub fn heading(&self) -> String {
        capital(&self.several)
    }
}

/// The choice of what is counted, as every report has it: `users`, or a group type in a form's field `group`.
pub fn count_by(types: &DeclaredTypes, chosen: Option<&str>) -> Markup {
    html! {
        label class="sub" for="group" { "Count by" }
        select id="group" name="group" data-submit {
            option value="" selected[chosen.is_none()] { "Users" }
            @for row in &types.types {
                option value=(row.group_type) selected[chosen == Some(row.group_type.as_str())] { "Groups: " (row.group_type) }
            }
        }
        noscript { button class="btn" { "Apply" } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::DeclaredType;

    #[test]
    fn a_type_is_called_what_people_call_it() {
        let row = |group_type: &str, name: Option<&str>| DeclaredType {
            group_type: group_type.to_owned(),
            name: name.map(str::to_owned),
            declared: name.is_some(),
            keys: 1,
        };
        let types = vec![row("account", Some("Customers")), row("company", None), row("team", Some("team"))];
        let types = DeclaredTypes { types, only_declared: false };
        let called = |group_type| Counted::keys(&types, group_type);
        assert_eq!(
            (called("account").several.as_str(), called("account").heading().as_str()),
            ("customers", "Customers")
        );
        assert_eq!(["company", "team", "glass"].map(|name| called(name).several), ["companies", "teams", "glasses"]);
        let choice = count_by(&types, Some("team")).into_string();
        assert!(choice.contains(r#"<option value="team" selected>Groups: team</option>"#), "{choice}");
    }
}
