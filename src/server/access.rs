//! Who may ask what, decided before routing: by Host, then by key, or on this machine alone by where a request is from.
//!
//! - Host: a server that listens on this machine, or was told its names, answers to those names only, so that no page
//!   of elsewhere reaches it by a name that it made to point here.
//! - With a key, that key decides, and says which workspace is meant.
//! - Without one, only what this machine itself asks is answered, of workspaces that have no key of the kind: a request
//!   to a loopback address under a loopback name, from no page of another site, and through no proxy.

use super::app::{App, Shared};
use super::endpoint::Access;
use super::keys::KeyKind;
use super::limits::{HEADER_BYTES_MAX, HEADERS_MAX, TARGET_BYTES_MAX};
use super::problem::Problem;
use super::workspaces::Workspace;
use crate::workspace::WorkspaceName;
use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// Names of the machine itself.
const OWN_HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// What a proxy may add to a request that it hands on.
const PROXY_HEADERS: [HeaderName; 5] = [
    header::FORWARDED,
    header::VIA,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-real-ip"),
];

/// Lets a request pass, or answers it.
pub(super) async fn check(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let access = Access::of(request.uri().path());
    let is_preflight = access == Access::Write && request.method() == Method::OPTIONS;
    let mut response = match judge(&app, &request, access) {
        Err(problem) => problem.into_response(),
        Ok(_) if is_preflight => preflight(),
        Ok(workspace) => {
            if let Some(workspace) = workspace {
                request.extensions_mut().insert(workspace);
            }
            next.run(request).await
        }
    };
    if access == Access::Write {
        // Any page may send with a key; it can bring nothing else along, as cookies mean nothing here.
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("date, retry-after"));
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

/// The workspace that the request is about; none for what everybody may ask.
fn judge(app: &Shared, request: &Request, access: Access) -> Result<Option<Arc<Workspace>>, Problem> {
    let (uri, headers) = (request.uri(), request.headers());
    check_size(uri, headers)?;
    check_coding(headers)?;
    let host = check_host(app, request)?;
    let wanted = match access {
        Access::Public => return Ok(None),
        // Preflights carry no key.
        Access::Write if request.method() == Method::OPTIONS => return Ok(None),
        Access::Write => KeyKind::Write,
        Access::Read | Access::Server => KeyKind::Read,
    };
    let named = parameter(uri, "workspace")?.map(|name| name.parse::<WorkspaceName>()).transpose()?;
    let in_query = if access == Access::Write { parameter(uri, "key")? } else { None };
    let workspace = match bearer(headers).or(in_query) {
        Some(secret) => of_key(app, secret, wanted, named.as_ref())?,
        None => without_key(app, request, &host, wanted, named)?,
    };
    if access == Access::Server && !workspace.name.is_default() {
        return Err(Problem::OtherWorkspace(WorkspaceName::default_name()));
    }
    Ok(Some(workspace))
}

fn of_key(
    app: &Shared,
    secret: &str,
    wanted: KeyKind,
    named: Option<&WorkspaceName>,
) -> Result<Arc<Workspace>, Problem> {
    let (workspace, kind) = app.workspaces.of_key(secret).ok_or(Problem::Key(wanted))?;
    match named {
        _ if kind != wanted => Err(Problem::OtherKey(wanted)),
        Some(named) if *named != workspace.name => Err(Problem::OtherWorkspace(named.clone())),
        _ => Ok(workspace),
    }
}

fn without_key(
    app: &Shared,
    request: &Request,
    host: &str,
    wanted: KeyKind,
    named: Option<WorkspaceName>,
) -> Result<Arc<Workspace>, Problem> {
    let came_through_proxy = PROXY_HEADERS.iter().any(|name| request.headers().contains_key(name));
    if !app.is_private || came_through_proxy || !is_own(host) {
        return Err(Problem::Key(wanted));
    }
    let is_harmless = [Method::GET, Method::HEAD].contains(request.method());
    if let Some(origin) = request.headers().get(header::ORIGIN).filter(|_| !is_harmless) {
        let origin = text(Some(origin));
        if !origin.split_once("://").is_some_and(|(_, host)| is_own(host)) {
            return Err(Problem::Origin(shown(&origin)));
        }
    }
    let name = named.unwrap_or_else(WorkspaceName::default_name);
    let workspace = app.workspaces.all().get(&name).cloned().ok_or(Problem::Workspace(name))?;
    // Where keys cannot be read, nobody is let in.
    if workspace.keys()?.have(wanted) { Err(Problem::Key(wanted)) } else { Ok(workspace) }
}

/// The limits of a request's head.
fn check_size(uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
    if uri.path_and_query().map_or(0, |target| target.as_str().len()) > TARGET_BYTES_MAX {
        return Err(Problem::Target);
    }
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if headers.len() > HEADERS_MAX || bytes > HEADER_BYTES_MAX { Err(Problem::Headers) } else { Ok(()) }
}

/// Bodies come in chunks or with their length. Whatever else a sender did to one would have to be undone.
fn check_coding(headers: &HeaderMap) -> Result<(), Problem> {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let is_known = codings.next().is_none_or(|coding| coding.as_bytes().eq_ignore_ascii_case(b"chunked"));
    if is_known && codings.next().is_none() {
        return Ok(());
    }
    Err(Problem::Request("this transfer coding is not known; send the body in chunks, or with its length".to_owned()))
}

/// The name under which the server is asked.
fn check_host(app: &Shared, request: &Request) -> Result<String, Problem> {
    let mut sent = request.headers().get_all(header::HOST).iter();
    let first = sent.next();
    let is_checked = app.is_private || !app.hosts.is_empty();
    let authority = request.uri().authority();
    // HTTP/1.0 knows no hosts.
    let may_lack = authority.is_some() || (request.version() == Version::HTTP_10 && !is_checked);
    if sent.next().is_some() || (first.is_none() && !may_lack) {
        return Err(Problem::Request("a request names one host; send one `Host` header".to_owned()));
    }
    let host = authority.map_or_else(|| text(first), |authority| authority.as_str().to_owned());
    let mut told = app.hosts.iter();
    if is_checked && !is_own(&host) && !told.any(|name| is_named(&host, name)) {
        return Err(Problem::Host(shown(&host)));
    }
    Ok(host)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, key) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(key.trim())
}

/// A parameter of the query. Keys and names of workspaces need no escapes, so none are undone.
///
/// # Errors
/// When it is given twice: another reader might take the other one.
fn parameter<'a>(uri: &'a Uri, name: &str) -> Result<Option<&'a str>, Problem> {
    let parameters = uri.query().unwrap_or_default().split('&');
    let mut values = parameters.filter_map(|parameter| parameter.strip_prefix(name)?.strip_prefix('='));
    let value = values.next();
    match values.next() {
        Some(_) => Err(Problem::Request(format!("the parameter `{name}` is given twice; keep one"))),
        None => Ok(value),
    }
}

fn text(value: Option<&HeaderValue>) -> String {
    value.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).unwrap_or_default()
}

/// What a client sent, short and without control characters.
fn shown(text: &str) -> String {
    text.chars().take(100).flat_map(char::escape_debug).collect()
}

fn is_own(host: &str) -> bool {
    OWN_HOSTS.iter().any(|name| is_named(host, name))
}

fn is_named(host: &str, name: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    // What stands before the host is a user, and what stands behind it must be a port.
    let Some(port) = authority.as_str().strip_prefix(authority.host()) else { return false };
    let port = port.strip_prefix(':').unwrap_or(port);
    let is_port = port.is_empty() || (port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok());
    is_port && name.eq_ignore_ascii_case(authority.host())
}
