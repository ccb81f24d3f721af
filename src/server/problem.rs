//! Everything that can go wrong with a request, and the one place that says which HTTP status it is.

use super::keys::{KeyError, KeyKind};
use crate::model::{NameError, Timestamp};
use crate::pages::PageError;
use crate::reports::ReportError;
use crate::saved::SavedError;
use crate::store::{StoreError, WriteOnceError};
use crate::workspace::{WorkspaceError, WorkspaceName};
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::sync::Arc;
use thiserror::Error;

/// Seconds after which a client may try again.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

/// Why a request has no good answer, as one sentence.
#[derive(Debug, Error)]
pub(super) enum Problem {
    /// The request makes no sense.
    #[error("{0}")]
    Request(String),
    /// No key, or none that is known.
    #[error(
        "this needs a {kind} key: send it as `Authorization: Bearer KEY`{other_way}; `trackcrumb key create --kind \
         {kind}` makes one",
        kind = .0.name(),
        other_way = if *.0 == KeyKind::Write { " or `?key=KEY`" } else { "" }
    )]
    Key(KeyKind),
    /// A key of the other kind.
    #[error("this key does not allow that; send a {} key", .0.name())]
    OtherKey(KeyKind),
    /// A key of another workspace, or a question that only `default` answers.
    #[error("this key is one of another workspace; send one of `{0}`")]
    OtherWorkspace(WorkspaceName),
    /// There is no such workspace.
    #[error("there is no workspace `{0}`; `trackcrumb workspace create {0}` makes it")]
    Workspace(WorkspaceName),
    /// Not a name of a workspace.
    #[error(transparent)]
    WorkspaceName(#[from] WorkspaceError),
    /// Asked under a name that is not this server's.
    #[error("this server does not answer to the host `{0}`; start it with `--host {0}` if it should")]
    Host(String),
    /// Sent by a page of another site.
    #[error("pages of `{0}` may not send here without a key; make one with `trackcrumb key create --kind write`")]
    Origin(String),
    /// Sent by a page of another site, or by none, where only this server's own pages may.
    #[error("only pages of this server may send this; open the page here, and send it again")]
    OtherPage,
    /// There is no such address.
    #[error("there is nothing at this address; /api/openapi.json lists what there is")]
    Address,
    /// There is, but not for this method.
    #[error("this address does not take this method; /api/openapi.json lists what there is")]
    Method,
    /// The body did not come in time.
    #[error("the body did not arrive in time; send it without pauses, or less of it")]
    Slow,
    /// More than is taken at once.
    #[error("{0}")]
    TooLarge(String),
    /// The address is too long.
    #[error("the address is longer than the {max} bytes that are allowed", max = super::limits::TARGET_BYTES_MAX)]
    Target,
    /// The headers are too many or too long.
    #[error(
        "the headers are more than is allowed: {fields} fields, {bytes} bytes",
        fields = super::limits::HEADERS_MAX,
        bytes = super::limits::HEADER_BYTES_MAX
    )]
    Headers,
    /// Too much is going on.
    #[error("the server has more to do than it may keep waiting; try again in a moment")]
    Busy,
    /// An answer would take too long.
    #[error("the answer takes longer than the {0} seconds that are allowed; ask for less, such as a shorter range")]
    TooLong(u64),
    /// A report has no answer.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// A page cannot be shown.
    #[error(transparent)]
    Page(#[from] PageError),
    /// The key of a batch was used before with another one.
    #[error("this Idempotency-Key was used with another body at {time}; use a new one")]
    KeyReused {
        /// When the other batch arrived.
        time: Timestamp,
    },
    /// The store cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The keys cannot be read.
    #[error(transparent)]
    Keys(#[from] Arc<KeyError>),
    /// A name is none that may be given.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The program is wrong.
    #[error("the server met a fault of its own; its log says more")]
    Fault,
}

impl From<WriteOnceError> for Problem {
    fn from(error: WriteOnceError) -> Self {
        match error {
            WriteOnceError::KeyReused { time } => Self::KeyReused { time },
            WriteOnceError::Store(error) => Self::Store(error),
        }
    }
}

impl From<SavedError> for Problem {
    fn from(error: SavedError) -> Self {
        Self::Store(error.into())
    }
}

impl Problem {
    /// The status that tells its kind.
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Request(_) | Self::WorkspaceName(_) | Self::Name(_) => StatusCode::BAD_REQUEST,
            Self::Key(..) => StatusCode::UNAUTHORIZED,
            Self::OtherKey(_) | Self::OtherWorkspace(_) | Self::Host(_) | Self::Origin(_) | Self::OtherPage => {
                StatusCode::FORBIDDEN
            }
            Self::Address | Self::Workspace(_) => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::KeyReused { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Target => StatusCode::URI_TOO_LONG,
            Self::Headers => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooLong(_) => StatusCode::GATEWAY_TIMEOUT,
            Self::Report(error) => match error {
                ReportError::Document(_)
                | ReportError::Unknown(_)
                | ReportError::Undeclared { .. }
                | ReportError::OtherUnits { .. }
                | ReportError::InCohort { .. }
                | ReportError::MemoryExceeded { .. } => StatusCode::BAD_REQUEST,
                ReportError::TimeExceeded { .. } => StatusCode::GATEWAY_TIMEOUT,
                // Nobody waits for it.
                ReportError::Cancelled => StatusCode::SERVICE_UNAVAILABLE,
                ReportError::Store(error) => of_store(error),
            },
            Self::Page(error) => match error {
                PageError::Unknown(_) => StatusCode::NOT_FOUND,
                PageError::Cursor { .. }
                | PageError::Filter(_)
                | PageError::Condition { .. }
                | PageError::Sort { .. } => StatusCode::BAD_REQUEST,
                PageError::Store(error) => of_store(error),
            },
            Self::Store(error) => of_store(error),
            Self::Keys(error) => match **error {
                KeyError::Unknown { .. } => StatusCode::NOT_FOUND,
                // Somebody else is changing them.
                KeyError::Lock(_) => StatusCode::SERVICE_UNAVAILABLE,
                KeyError::File(_) | KeyError::Damaged { .. } | KeyError::Random(_) => StatusCode::INTERNAL_SERVER_ERROR,
            },
            Self::Fault => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Whether it is a sync that failed: the process must not go on.
    pub(super) fn is_failed_sync(&self) -> bool {
        match self {
            Self::Store(error) | Self::Report(ReportError::Store(error)) | Self::Page(PageError::Store(error)) => {
                match error {
                    StoreError::Poisoned { .. } => true,
                    StoreError::File(error) | StoreError::Saved(SavedError::File(error)) => error.is_failed_sync(),
                    _ => false,
                }
            }
            _ => false,
        }
    }
}

fn of_store(error: &StoreError) -> StatusCode {
    match error {
        // What the system refuses now, such as room on a full disk, it may grant later.
        StoreError::File(_) if !error.is_damage() => StatusCode::SERVICE_UNAVAILABLE,
        StoreError::Lock(_) | StoreError::Poisoned { .. } => StatusCode::SERVICE_UNAVAILABLE,
        StoreError::Refused { .. } => StatusCode::BAD_REQUEST,
        StoreError::Unknown(_) | StoreError::Saved(SavedError::Unknown { .. }) => StatusCode::NOT_FOUND,
        StoreError::Saved(SavedError::Document(_) | SavedError::Text { .. } | SavedError::Full { .. }) => {
            StatusCode::BAD_REQUEST
        }
        StoreError::Saved(SavedError::Moved) => StatusCode::CONFLICT,
        StoreError::Saved(SavedError::File(_)) => StatusCode::SERVICE_UNAVAILABLE,
        StoreError::Saved(SavedError::Damaged { .. })
        | StoreError::File(_)
        | StoreError::Damaged { .. }
        | StoreError::NotAStore { .. }
        | StoreError::NotEmpty { .. }
        | StoreError::Absent { .. }
        | StoreError::Newer { .. } => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        if status.is_server_error() {
            tracing::error!(status = status.as_u16(), error = ?self.to_string(), "a request failed");
        }
        let mut response = (status, Json(json!({ "error": self.to_string() }))).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        // For `site::refusal`, which tells people.
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}
