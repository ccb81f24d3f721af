//! From a request to the document of a page: who looks, the answer on a worker of its own, the headers.

use crate::Store;
use crate::html::Visit;
use crate::server::access::{Way, parameter};
use crate::server::app::App;
use crate::server::problem::Problem;
use crate::server::read::work_out;
use crate::server::workspaces::Workspace;
use crate::store::{Environment, Snapshot, SystemEnvironment};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use maud::Markup;
use std::sync::Arc;

/// Pages load the server's own files alone, and nothing that stands in them is run or styles them.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// Whoever looks at a page, as the request says.
#[derive(Debug)]
pub(super) struct Visitor {
    workspace: Arc<Workspace>,
    is_named: bool,
    is_signed_in: bool,
}

impl FromRequestParts<App> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        // Nobody gets here without: see `access`.
        let workspace = parts.extensions.get::<Arc<Workspace>>().cloned().ok_or(Problem::Fault)?;
        let is_named = parameter(&parts.uri, "workspace")?.is_some();
        let is_signed_in = parts.extensions.get() == Some(&Way::Cookie);
        Ok(Self { workspace, is_named, is_signed_in })
    }
}

impl Visitor {
    /// Works out what a visitor wants beside the others.
    pub async fn work_out<T: Send + 'static>(
        self,
        app: App,
        work: impl FnOnce(&Snapshot, &Visit) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let workspace = Arc::clone(&self.workspace);
        work_out(app, workspace, move |store| {
            let snapshot = store.snapshot()?;
            work(&snapshot, &self.visit(&snapshot)?)
        })
        .await
    }

    /// The same, with the store itself, which can be changed.
    pub async fn with_store<T: Send + 'static>(
        self,
        app: App,
        work: impl FnOnce(&Store, &Visit) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let workspace = Arc::clone(&self.workspace);
        work_out(app, workspace, move |store| work(store, &self.visit(&store.snapshot()?)?)).await
    }

    /// What is looked at.
    pub fn workspace(&self) -> Arc<Workspace> {
        Arc::clone(&self.workspace)
    }

    fn visit(&self, snapshot: &Snapshot) -> Result<Visit, Problem> {
        Ok(Visit {
            workspace: self.workspace.name.to_string(),
            is_named: self.is_named,
            is_signed_in: self.is_signed_in,
            zone: snapshot.zone()?,
            now: SystemEnvironment.now(),
        })
    }
}

/// What a page answers with.
#[derive(Debug)]
pub(super) enum Shown {
    Document(Markup),
    /// Another address of this server.
    Elsewhere(String),
}

/// Works out a page beside the others.
pub(super) async fn show(
    app: App,
    visitor: Visitor,
    page: impl FnOnce(&Snapshot, &Visit) -> Result<Shown, Problem> + Send + 'static,
) -> Result<Response, Problem> {
    Ok(match visitor.work_out(app, page).await? {
        Shown::Document(markup) => document(markup),
        Shown::Elsewhere(address) => Redirect::to(&address).into_response(),
    })
}

/// A document as an answer.
pub(super) fn document(markup: Markup) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];
    (headers, markup.into_string()).into_response()
}
