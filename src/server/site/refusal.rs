//! What went wrong, told to people: where a browser asked for a page, the answer to a problem is a page, or leads to
//! the one where a key is given. Programs get JSON, as [`Problem`] answers.

use super::Page;
use super::show::document;
use crate::html::{self, Address};
use crate::server::problem::Problem;
use axum::extract::Request;
use axum::http::{Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use std::sync::Arc;

/// Answers, and puts a page in the place of a problem for those who look at pages.
pub async fn for_people(request: Request, next: Next) -> Response {
    if !is_of_people(&request) {
        return next.run(request).await;
    }
    let wanted = request.uri().path_and_query().filter(|_| request.method() == Method::GET).cloned();
    let response = next.run(request).await;
    let Some(problem) = response.extensions().get::<Arc<Problem>>().cloned() else { return response };
    if let Problem::Key(_) = *problem {
        let login = Address::new("/login").with_some("next", wanted);
        return Redirect::to(&login.to_string()).into_response();
    }
    let (head, _) = response.into_parts();
    let sentence = match *problem {
        Problem::Address => {
            "there is no page at this address; it may be mistyped, or the page may have moved".to_owned()
        }
        ref other => other.to_string(),
    };
    let mut page = document(html::problem(head.status.as_u16(), &sentence));
    *page.status_mut() = head.status;
    if let Some(seconds) = head.headers.get(header::RETRY_AFTER) {
        page.headers_mut().insert(header::RETRY_AFTER, seconds.clone());
    }
    page
}

/// Whether a browser asks for a page.
fn is_of_people(request: &Request) -> bool {
    let mut accepted = request.headers().get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    Page::is_at(request.uri().path()) && accepted.any(|media| media.contains("text/html"))
}
