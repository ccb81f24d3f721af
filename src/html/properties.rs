//! Properties in a cell of a table: the first few, short.

use crate::model::{Properties, Value};
use maud::{Markup, html};

/// How many a list shows.
pub const SHOWN: usize = 3;
/// Most characters of a name or a value, as styles cut what is wider, and no page is to carry what nobody sees.
const CHARACTERS_MAX: usize = 120;

/// The first `shown` properties, and how many more there are.
pub fn properties(properties: &Properties, shown: usize) -> Markup {
    html! {
        @if properties.is_empty() {
            span class="muted" { "none yet" }
        } @else {
            span class="props" {
                @for (name, value) in properties.iter().take(shown) {
                    span class="kv" { i { (cut(name)) } span { (cut(&text(value))) } }
                }
                @if properties.len() > shown {
                    span class="meta nowrap" { "+" (properties.len() - shown) " more" }
                }
            }
        }
    }
}

/// A value as it was sent: text without quotes, unless nothing would be seen.
pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) if !text.trim().is_empty() => text.to_string(),
        other => other.to_json(),
    }
}

/// The beginning of a text that is too long.
pub fn cut(text: &str) -> String {
    match text.char_indices().nth(CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_are_shown_and_the_others_counted() {
        let value = |json: &str| Value::from_serde(&serde_json::from_str(json).unwrap());
        let all: Properties = [("a", "\"x<y\""), ("b", "1998"), ("c", "\" \""), ("d", "true"), ("e", "[1]")]
            .map(|(name, json)| (name.into(), value(json)))
            .into();
        assert_eq!(
            properties(&all, 3).into_string(),
            "<span class=\"props\"><span class=\"kv\"><i>a</i><span>x&lt;y</span></span><span class=\"kv\"><i>b</i>\
             <span>1998</span></span><span class=\"kv\"><i>c</i><span>&quot; &quot;</span></span>\
             <span class=\"meta nowrap\">+2 more</span></span>"
        );
        assert!(properties(&Properties::new(), 3).into_string().contains("none yet"));
        assert_eq!(cut(&"é".repeat(200)).chars().count(), CHARACTERS_MAX + 1);
    }
}
