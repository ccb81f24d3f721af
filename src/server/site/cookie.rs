//! Cookies: none can be read by scripts, and none goes with requests of other sites' pages.

use crate::server::problem::Problem;
use axum::http::{HeaderMap, HeaderValue, header};

/// Sets a cookie for so long. The request comes from a page of this server, and its Origin says whether TLS is in
/// between. The value has no `;` and no blanks.
///
/// # Errors
/// When the value is none for a header.
pub(super) fn set(headers: &HeaderMap, name: &str, value: &str, seconds: u32) -> Result<HeaderValue, Problem> {
    let is_secure = headers.get(header::ORIGIN).is_some_and(|origin| origin.as_bytes().starts_with(b"https://"));
    let secure = if is_secure { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::try_from(cookie).map_err(|_| Problem::Fault)
}
