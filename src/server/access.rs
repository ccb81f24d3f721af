//! Who may ask what, decided before routing: by key, or where none is needed by Host and Origin.

use super::app::{App, Shared};
use super::endpoint::Access;
use super::keys::KeyKind;
use super::limits::{HEADER_BYTES_MAX, HEADERS_MAX, TARGET_BYTES_MAX};
use super::problem::Problem;
use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Names of the machine itself.
const OWN_HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Lets a request pass, or answers it.
pub(super) async fn check(State(app): State<App>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let cross_origin = Access::of(path) == Access::Write;
    let is_preflight = cross_origin && request.method() == Method::OPTIONS;
    let mut response = match judge(&app, &request) {
        Err(problem) => problem.into_response(),
        Ok(()) if is_preflight => preflight(),
        Ok(()) => next.run(request).await,
    };
    if cross_origin {
        // Any page may send with a key; it can bring nothing else along, as cookies mean nothing here.
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        response.headers_mut().insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("retry-after"));
    }
    response
}

fn preflight() -> Response {
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "POST"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type, content-encoding, idempotency-key"),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

fn judge(app: &Shared, request: &Request) -> Result<(), Problem> {
    check_size(request.uri(), request.headers())?;
    let access = Access::of(request.uri().path());
    let Some(keys) = app.keys.needed()? else { return check_origin(app, request) };
    let (wanted, other_way) = match access {
        // Preflights carry no key.
        Access::Write if request.method() == Method::OPTIONS => return Ok(()),
        Access::Public => return Ok(()),
        Access::Write => (KeyKind::Write, " or `?key=KEY`"),
        Access::Read => (KeyKind::Read, ""),
    };
    let missing = || Problem::Key(wanted.name(), other_way);
    let in_header = bearer(request.headers());
    let in_query = (access == Access::Write).then(|| query_key(request.uri())).flatten();
    let secret = in_header.or(in_query).ok_or_else(missing)?;
    match keys.allowed_by(secret) {
        Some(kind) if kind == wanted => Ok(()),
        Some(_) => Err(Problem::OtherKey(wanted.name())),
        None => Err(missing()),
    }
}

/// The limits of a request's head.
fn check_size(uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
    if uri.path_and_query().map_or(0, |target| target.as_str().len()) > TARGET_BYTES_MAX {
        return Err(Problem::Target);
    }
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if headers.len() > HEADERS_MAX || bytes > HEADER_BYTES_MAX { Err(Problem::Headers) } else { Ok(()) }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, key) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(key.trim())
}

/// Keys need no escapes, so none are undone.
fn query_key(uri: &Uri) -> Option<&str> {
    uri.query()?.split('&').find_map(|parameter| parameter.strip_prefix("key="))
}

/// Without keys, only this machine asks: under its own names, so that no page of elsewhere can reach it by a name that
/// it made to point here, and what changes something comes from no page of elsewhere either.
fn check_origin(app: &Shared, request: &Request) -> Result<(), Problem> {
    let host = match request.uri().authority() {
        Some(authority) => authority.as_str().to_owned(),
        None => text(request.headers().get(header::HOST)),
    };
    if !is_own(app, &host) {
        return Err(Problem::Host(shown(&host)));
    }
    let is_harmless = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    if let Some(origin) = request.headers().get(header::ORIGIN).filter(|_| !is_harmless) {
        let origin = text(Some(origin));
        if !origin.split_once("://").is_some_and(|(_, host)| is_own(app, host)) {
            return Err(Problem::Origin(shown(&origin)));
        }
    }
    Ok(())
}

fn text(value: Option<&HeaderValue>) -> String {
    value.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).unwrap_or_default()
}

/// What a client sent, short and without control characters.
fn shown(text: &str) -> String {
    text.chars().take(100).flat_map(char::escape_debug).collect()
}

fn is_own(app: &Shared, host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let own = OWN_HOSTS.into_iter().chain(app.hosts.iter().map(String::as_str));
    !host.contains('@') && own.into_iter().any(|name| name.eq_ignore_ascii_case(authority.host()))
}
