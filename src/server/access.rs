//! Who may ask what, decided before routing: by Host, then by key, or on this machine alone by where a request is from.
//!
//! - Host: a server that listens on this machine, or was told its names, answers to those names only, so that no page
//!   of elsewhere reaches it by a name that it made to point here.
//! - With a key, that key decides, and says which workspace is meant. To read, it may also be in a cookie of this
//!   server's pages; a cookie whose key is none of this server is as good as none, as ports share cookies.
//! - What a browser sends with a cookie, or to a page, must come from a page of this server: its Origin says so.
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

/// The cookie that holds a key to read.
pub(super) const COOKIE: &str = "trackcrumb_key";

/// By what a request was let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// A key that came with it.
    Key,
    /// A key in a cookie.
    Cookie,
    /// It comes from this machine.
    Machine,
}

/// A request that was let in.
#[derive(Clone, Debug)]
pub(super) struct Granted {
    /// What it is about.
    pub workspace: Arc<Workspace>,
    pub way: Way,
}

/// Lets a request pass, or answers it.
pub(super) async fn check(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let access = Access::of(request.uri().path());
    let is_preflight = access == Access::Write && request.method() == Method::OPTIONS;
    let mut response = match judge(&app, &request, access) {
        Err(problem) => problem.into_response(),
        Ok(_) if is_preflight => preflight(),
        Ok(granted) => {
            if let Some(Granted { workspace, way }) = granted {
                request.extensions_mut().insert(workspace);
                request.extensions_mut().insert(way);
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

/// What the request is about; nothing for what everybody may ask.
fn judge(app: &Shared, request: &Request, access: Access) -> Result<Option<Granted>, Problem> {
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
    let in_cookie = || if wanted == KeyKind::Read { of_cookie(app, headers) } else { None };
    let (workspace, way) = match bearer(headers).or(in_query) {
        Some(secret) => (of_key(app, secret, wanted, named.as_ref())?, Way::Key),
        None => match in_cookie() {
            Some(workspace) => (same(workspace, named.as_ref())?, Way::Cookie),
            None => (without_key(app, request, &host, wanted, named)?, Way::Machine),
        },
    };
    if way == Way::Cookie && !is_harmless(request.method()) {
        check_own_page(app, headers, &host)?;
    }
    if access == Access::Server && !workspace.name.is_default() {
        return Err(Problem::OtherWorkspace(WorkspaceName::default_name()));
    }
    Ok(Some(Granted { workspace, way }))
}

/// Whether whoever sends this request might read, had it been for a page.
pub(super) fn may_read(app: &Shared, request: &Request) -> bool {
    judge(app, request, Access::Read).is_ok()
}

/// Around pages: whatever is sent to one comes from one.
pub(super) async fn own_pages_alone(State(app): State<App>, request: Request, next: Next) -> Response {
    let checked = if is_harmless(request.method()) {
        Ok(())
    } else {
        check_host(&app, &request).and_then(|host| check_own_page(&app, request.headers(), &host))
    };
    match checked {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

fn is_harmless(method: &Method) -> bool {
    [Method::GET, Method::HEAD].contains(method)
}

fn of_key(
    app: &Shared,
    secret: &str,
    wanted: KeyKind,
    named: Option<&WorkspaceName>,
) -> Result<Arc<Workspace>, Problem> {
    let (workspace, kind) = app.workspaces.of_key(secret).ok_or(Problem::Key(wanted))?;
    if kind == wanted { same(workspace, named) } else { Err(Problem::OtherKey(wanted)) }
}

/// The workspace of a key, which must be the one that is named.
fn same(workspace: Arc<Workspace>, named: Option<&WorkspaceName>) -> Result<Arc<Workspace>, Problem> {
    match named {
        Some(named) if *named != workspace.name => Err(Problem::OtherWorkspace(named.clone())),
        _ => Ok(workspace),
    }
}

/// The workspace that a cookie lets read.
fn of_cookie(app: &Shared, headers: &HeaderMap) -> Option<Arc<Workspace>> {
    let (workspace, kind) = app.workspaces.of_key(cookie(headers, COOKIE)?)?;
    (kind == KeyKind::Read).then_some(workspace)
}

/// What a cookie of this name holds.
pub(super) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let sent = headers.get_all(header::COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
    let mut cookies = sent.flat_map(|cookies| cookies.split(';')).filter_map(|cookie| cookie.trim().split_once('='));
    cookies.find(|(own, _)| *own == name).map(|(_, value)| value)
}

/// Refuses what a page of another site made a browser send.
fn check_own_page(app: &Shared, headers: &HeaderMap, host: &str) -> Result<(), Problem> {
    let origin = text(headers.get(header::ORIGIN));
    let is_own = origin.split_once("://").is_some_and(|(_, authority)| {
        // A proxy may ask under another name than the browser; then its name was told, and it has no port.
        authority.eq_ignore_ascii_case(host) || app.hosts.iter().any(|name| name.eq_ignore_ascii_case(authority))
    });
    if is_own { Ok(()) } else { Err(Problem::OtherPage) }
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
    if let Some(origin) = request.headers().get(header::ORIGIN).filter(|_| !is_harmless(request.method())) {
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
pub(super) fn parameter<'a>(uri: &'a Uri, name: &str) -> Result<Option<&'a str>, Problem> {
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
