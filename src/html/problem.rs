//! What went wrong with a request, as a page.

use super::frame::Frame;
use super::menu::FIRST;
use super::state;
use maud::{Markup, html};

/// The page for a status, and the sentence that says what, why, and what to do.
pub fn problem(status: u16, sentence: &str) -> Markup {
    let heading = match status {
        401 | 403 => "This is not allowed",
        404 => "There is nothing here",
        503 => "Too much is going on",
        504 => "This takes too long",
        500.. => "This could not be answered",
        _ => "This cannot be asked",
    };
    let body = html! { p { (sentence_case(sentence)) } };
    let remedies = html! {
        @if status >= 500 { a class="btn" href="" { "Try again" } }
        a class="btn" href=(FIRST.path()) { "Go to " (FIRST.name()) }
    };
    let content = html! { section class="card" { (state::error(heading, body, remedies)) } };
    Frame { title: heading, place: None, visit: None }.around(&content)
}

/// With a large letter at its beginning and a stop at its end.
fn sentence_case(text: &str) -> String {
    let mut characters = text.chars();
    let first: String = characters.next().into_iter().flat_map(char::to_uppercase).collect();
    let stop = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{stop}", characters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_told_as_a_sentence_and_as_text() {
        let page = problem(404, "there is no group type `<b>`; check its spelling").into_string();
        assert!(page.contains("<p>There is no group type `&lt;b&gt;`; check its spelling.</p>"), "{page}");
        assert!(page.contains("<h1>There is nothing here</h1>") && !page.contains("Try again"), "{page}");
        assert!(problem(503, "x").into_string().contains("Try again"));
    }
}
