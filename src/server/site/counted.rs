//! What a browser counted by last: a report that is begun anew counts by it too. An address that says so comes first.

use super::cookie::set;
use crate::server::access::cookie;
use crate::server::problem::Problem;
use axum::http::{HeaderMap, HeaderValue};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::Value;

/// Holds a group type, or nothing for users.
const COOKIE: &str = "trackcrumb_count_by";
/// A year.
const COOKIE_SECONDS: u32 = 365 * 86_400;

/// The group type of the last choice.
pub(super) fn last_choice(headers: &HeaderMap) -> Option<String> {
    let value = cookie(headers, COOKIE).filter(|value| !value.is_empty())?;
    percent_decode_str(value).decode_utf8().ok().map(|group_type| group_type.into_owned())
}

/// The cookie that keeps a choice, where a report was changed to count by something else.
///
/// # Errors
/// Never: the value is text for a header.
pub(super) fn choice(headers: &HeaderMap, before: &Value, after: &Value) -> Result<Option<HeaderValue>, Problem> {
    let group_type = |document: &Value| document["count_by"]["group"].as_str().unwrap_or_default().to_owned();
    let chosen = group_type(after);
    if chosen == group_type(before) {
        return Ok(None);
    }
    let value = utf8_percent_encode(&chosen, NON_ALPHANUMERIC).to_string();
    set(headers, COOKIE, &value, COOKIE_SECONDS).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::header;
    use serde_json::json;

    #[test]
    fn a_choice_comes_back_whatever_its_name_and_only_when_it_changes() {
        let (users, odd) = (json!({"count_by":"users"}), json!({"count_by":{"group":"a; b=\u{fc}"}}));
        let headers = HeaderMap::new();
        assert_eq!(choice(&headers, &users, &users).unwrap(), None);
        assert_eq!(choice(&headers, &odd, &odd).unwrap(), None);
        let sent_back = |set: Option<HeaderValue>| {
            let set = set.unwrap().to_str().unwrap().to_owned();
            let pair = set.split(';').next().unwrap().to_owned();
            HeaderMap::from_iter([(header::COOKIE, HeaderValue::try_from(format!("x=1; {pair}")).unwrap())])
        };
        assert_eq!(last_choice(&sent_back(choice(&headers, &users, &odd).unwrap())).as_deref(), Some("a; b=\u{fc}"));
        assert_eq!(last_choice(&sent_back(choice(&headers, &odd, &users).unwrap())), None);
    }
}
