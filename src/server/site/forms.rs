//! What a form of a page sends, and where to.

use crate::server::app::Shared;
use crate::server::body::{self, Held};
use crate::server::problem::Problem;
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use std::borrow::Cow;

/// The fields of a form.
pub(super) struct Form(Held);

impl Form {
    /// Reads what was sent.
    pub async fn read(app: &Shared, request: Request) -> Result<Self, Problem> {
        body::read(request.into_body(), &app.bodies).await.map(Self)
    }

    /// A field, which the page's form always has.
    pub fn field(&self, name: &str) -> Result<Cow<'_, str>, Problem> {
        let given = self.given(name);
        given.ok_or_else(|| Problem::Request(format!("the form lacks `{name}`; send it from the page it is on")))
    }

    /// A field that may be missing.
    pub fn given(&self, name: &str) -> Option<Cow<'_, str>> {
        field(&self.0.bytes, name)
    }
}

/// A field of a form.
pub(super) fn field<'a>(form: &'a [u8], name: &str) -> Option<Cow<'a, str>> {
    form_urlencoded::parse(form).find(|(other, _)| other == name).map(|(_, value)| value)
}

/// Under which the browser asks: its own name for this server. Whether TLS is in between is what a proxy says.
pub(super) fn origin(headers: &HeaderMap) -> String {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let is_secure = text("x-forwarded-proto").is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
    let scheme = if is_secure { "https" } else { "http" };
    format!("{scheme}://{}", text(header::HOST.as_str()).unwrap_or("127.0.0.1:8080"))
}
