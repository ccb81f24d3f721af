//! `/v1/*`: takes what applications send, and answers when it is durable.

use super::app::App;
use super::batch::{self, Form};
use super::body::{self, Held, Memory};
use super::problem::Problem;
use super::workspaces::Workspace;
use crate::model::Line;
use crate::store::{BatchKey, Outcome, Store};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, post};
use axum::{Extension, Json};
use serde::Serialize;
use std::sync::Arc;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// What became of what was sent.
#[derive(Debug, Default, Serialize)]
pub(super) struct Received {
    /// Lines that are stored now.
    pub accepted: u64,
    /// Events that were stored before.
    pub duplicate: u64,
    /// Lines that are not stored, in order.
    pub refused: Vec<RefusedLine>,
    /// What to do when nothing could be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
}

/// A line that is not stored.
#[derive(Debug, Serialize)]
pub(super) struct RefusedLine {
    /// Its place among the lines that were sent, blank ones aside, from 0.
    pub index: usize,
    /// Why.
    pub reason: String,
}

/// Takes what comes in this form.
pub(super) fn taking(form: Form) -> MethodRouter<App> {
    let take = move |State(app): State<App>, Extension(workspace): Extension<Arc<Workspace>>, request: Request| {
        receive(app, workspace, form, request)
    };
    post(take)
}

async fn receive(app: App, workspace: Arc<Workspace>, form: Form, request: Request) -> Result<Response, Problem> {
    let path = request.uri().path().to_owned();
    let key = request.headers().get(&IDEMPOTENCY_KEY).cloned();
    if key.as_ref().is_some_and(|key| key.as_bytes().trim_ascii().is_empty()) {
        return Err(Problem::Request("the Idempotency-Key is empty; leave it out, or make a new one".to_owned()));
    }
    let held = body::read(request.into_body(), &app.bodies).await?;
    let store = workspace.store.clone();
    let memory = app.unpacked.wait(batch::memory_max(&held.bytes));
    let done = app
        .writing
        .run_within(memory, move |memory| write(&store, form, held, memory, key.map(|key| (key, path))))
        .await;
    match done {
        Ok(received) => {
            app.metrics.count_lines(&received);
            let status = if received.error.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
            Ok((status, Json(received)).into_response())
        }
        Err(problem) => Err(app.judge(problem)),
    }
}

/// Stores what can be stored of a body; once, where it came with a key and to which address.
fn write(
    store: &Store,
    form: Form,
    held: Held,
    mut memory: Memory,
    key: Option<(HeaderValue, String)>,
) -> Result<Received, Problem> {
    let unpacked = batch::unpack(&held.bytes)?;
    memory.keep(unpacked.len());
    let key = key.map(|(key, path)| BatchKey::new(key.as_bytes(), &path, &unpacked));
    let parsed = batch::parse(form, &unpacked)?;
    drop(unpacked);
    // The memory of the body serves the next one while this one is written.
    drop(held);
    let mut received = Received::default();
    let (mut lines, mut places): (Vec<Line>, Vec<usize>) = Default::default();
    for (index, item) in parsed.into_iter().enumerate() {
        match item {
            Ok(line) => {
                lines.push(line);
                places.push(index);
            }
            Err(reason) => received.refused.push(RefusedLine { index, reason }),
        }
    }
    if !lines.is_empty() {
        let written = match key {
            Some(key) => store.write_once(lines, &key)?,
            None => store.write_import(lines, None, false)?,
        };
        received.accepted = written.accepted;
        received.duplicate = written.duplicate;
        for (index, outcome) in places.into_iter().zip(written.outcomes) {
            if let Outcome::Refused(refusal) = outcome {
                received.refused.push(RefusedLine { index, reason: refusal.to_string() });
            }
        }
        received.refused.sort_unstable_by_key(|refused| refused.index);
    }
    if received.accepted + received.duplicate == 0 {
        received.error = Some(
            "nothing of this could be used: it holds no line, or each was refused; put it right and send it again",
        );
    }
    Ok(received)
}
