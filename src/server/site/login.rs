//! `/login`, `/logout`: a read key, kept in a cookie that scripts cannot see and other sites cannot use.

use super::cookie::set;
use super::forms::field;
use super::show::document;
use crate::html::{self, Login};
use crate::server::access::{COOKIE, may_read};
use crate::server::app::App;
use crate::server::body;
use crate::server::keys::KeyKind;
use crate::server::problem::Problem;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use std::borrow::Cow;

/// For so long a browser keeps the key: 30 days.
const COOKIE_SECONDS: u32 = 30 * 86_400;

/// Where who has no aim is led.
const HOME: &str = "/";

/// `GET /login?next=…`: asks for a key, unless none is needed.
pub(super) async fn ask(State(app): State<App>, request: Request) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let next = local(field(query.as_bytes(), "next"));
    if may_read(&app, &request) {
        return Redirect::to(&next).into_response();
    }
    document(html::login(&Login { next: &next, refusal: None }))
}

/// `POST /login`: takes a key.
pub(super) async fn enter(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let held = body::read(body, &app.bodies).await?;
    let next = local(field(&held.bytes, "next"));
    let secret = field(&held.bytes, "key").unwrap_or_default();
    let refusal = match app.workspaces.of_key(secret.trim()) {
        Some((_, KeyKind::Read)) => {
            return Ok(leading(&next, set(&parts.headers, COOKIE, secret.trim(), COOKIE_SECONDS)?));
        }
        Some((_, KeyKind::Write)) => "This key only sends. Give a key to read.",
        None => "This key is not known here. It may have been mistyped, or taken back.",
    };
    let mut response = document(html::login(&Login { next: &next, refusal: Some(refusal) }));
    *response.status_mut() = StatusCode::UNAUTHORIZED;
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    Ok(response)
}

/// `POST /logout`: forgets the key.
pub(super) async fn leave(headers: HeaderMap) -> Result<Response, Problem> {
    Ok(leading("/login", set(&headers, COOKIE, "", 0)?))
}

fn leading(next: &str, cookie: HeaderValue) -> Response {
    ([(header::SET_COOKIE, cookie)], Redirect::to(next)).into_response()
}

/// An address of this server, whatever was asked for. Browsers read `//host` and `/\host` as other hosts, and drop
/// control characters before they read.
fn local(next: Option<Cow<'_, str>>) -> Cow<'_, str> {
    let is_local = |next: &str| {
        let mut bytes = next.bytes();
        bytes.next() == Some(b'/')
            && bytes.next() != Some(b'/')
            && next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
            // No page, and no way round in circles.
            && !["/login", "/logout"].iter().any(|page| next.starts_with(page))
    };
    next.filter(|next| is_local(next)).unwrap_or(Cow::Borrowed(HOME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_this_server_are_led_to() {
        for good in ["/", "/groups", "/groups/a%2Fb?search=x&limit=50", "/trends?report=%7B%7D"] {
            assert_eq!(local(Some(good.into())), good);
        }
        for bad in [
            "",
            "groups",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "/ /evil.example",
            " /groups",
            "/ü",
            "https://evil.example",
            "https:evil.example",
            "javascript:alert(1)",
            "/groups\r\nset-cookie: x=y",
            "/login?next=/login",
            "/logout",
        ] {
            assert_eq!(local(Some(bad.into())), HOME, "{bad:?}");
        }
        assert_eq!(local(None), HOME);
    }
}
