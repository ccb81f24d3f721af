//! The addresses there are: one list, from which both the routes and their description are made.

use super::app::App;
use super::{lists, openapi, read, receive, reference, sdk, state, suggest};
use axum::Router;
use axum::routing::{MethodRouter, get, post};

/// An address with its one method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    Track,
    Identify,
    Group,
    Alias,
    Batch,
    Report,
    GroupTypes,
    Groups,
    GroupPage,
    Users,
    UserPage,
    Events,
    Properties,
    Values,
    Health,
    Metrics,
    OpenApi,
    Reference,
    ReferenceStyle,
    Sdk,
    SdkTypes,
}

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// Whoever has a key to send.
    Write,
    /// Whoever has a key to read.
    Read,
    /// Whoever has a key to read the workspace `default`, as it is about all of them.
    Server,
    /// Everybody.
    Public,
}

impl Access {
    /// Who may ask for this path, also where nothing is.
    pub fn of(path: &str) -> Self {
        if path.starts_with("/v1/") {
            Self::Write
        } else if path == Endpoint::Metrics.path() {
            Self::Server
        } else if Endpoint::PUBLIC.iter().any(|public| public.path() == path) {
            Self::Public
        } else {
            Self::Read
        }
    }
}

impl Endpoint {
    /// What everybody may have.
    const PUBLIC: [Self; 6] =
        [Self::Health, Self::OpenApi, Self::Reference, Self::ReferenceStyle, Self::Sdk, Self::SdkTypes];

    pub const ALL: [Self; 21] = [
        Self::Track,
        Self::Identify,
        Self::Group,
        Self::Alias,
        Self::Batch,
        Self::Report,
        Self::GroupTypes,
        Self::Groups,
        Self::GroupPage,
        Self::Users,
        Self::UserPage,
        Self::Events,
        Self::Properties,
        Self::Values,
        Self::Health,
        Self::Metrics,
        Self::OpenApi,
        Self::Reference,
        Self::ReferenceStyle,
        Self::Sdk,
        Self::SdkTypes,
    ];

    /// The path; names in braces stand for any text.
    pub fn path(self) -> &'static str {
        match self {
            Self::Track => "/v1/track",
            Self::Identify => "/v1/identify",
            Self::Group => "/v1/group",
            Self::Alias => "/v1/alias",
            Self::Batch => "/v1/batch",
            Self::Report => "/api/report",
            Self::GroupTypes => "/api/groups",
            Self::Groups => "/api/groups/{type}",
            Self::GroupPage => "/api/groups/{type}/{key}",
            Self::Users => "/api/users",
            Self::UserPage => "/api/users/{id}",
            Self::Events => "/api/events",
            Self::Properties => "/api/properties",
            Self::Values => "/api/values",
            Self::Health => "/healthz",
            Self::Metrics => "/metrics",
            Self::OpenApi => "/api/openapi.json",
            Self::Reference => "/api",
            Self::ReferenceStyle => "/api/reference.css",
            Self::Sdk => "/tracker.js",
            Self::SdkTypes => "/tracker.d.ts",
        }
    }

    /// Whether it is posted to; else it is asked with GET.
    pub fn is_post(self) -> bool {
        matches!(self, Self::Track | Self::Identify | Self::Group | Self::Alias | Self::Batch | Self::Report)
    }

    /// Whether applications send to it.
    pub fn is_sent(self) -> bool {
        Access::of(self.path()) == Access::Write
    }

    /// What it does, for its description.
    pub fn summary(self) -> &'static str {
        match self {
            Self::Track => "Send one event",
            Self::Identify => "Send properties of a user",
            Self::Group => "Send properties of a group key, and who belongs to it",
            Self::Alias => "Join two ids into one user",
            Self::Batch => "Send up to 10,000 lines: one a line, a list, or {\"batch\":[…]}",
            Self::Report => "Run a report document; a cohort with `save_as` is saved",
            Self::GroupTypes => "List the group types",
            Self::Groups => "List the keys of a group type, last updated first",
            Self::GroupPage => "Show one key of a group type",
            Self::Users => "List the users, last seen first",
            Self::UserPage => "Show a user, found by any of its ids",
            Self::Events => "List the event names, or the properties of one",
            Self::Properties => "List the properties of events, users or the keys of a group type, with examples",
            Self::Values => "List the values of a property, the most frequent first",
            Self::Health => "Tell whether the server takes requests",
            Self::Metrics => "Show counters for Prometheus",
            Self::OpenApi => "Describe all this for programs",
            Self::Reference => "Describe all this for people",
            Self::ReferenceStyle => "How that description looks",
            Self::Sdk => "The client for browsers and Node",
            Self::SdkTypes => "The types of the client",
        }
    }

    fn route(self) -> MethodRouter<App> {
        match self {
            Self::Track => post(receive::track),
            Self::Identify => post(receive::identify),
            Self::Group => post(receive::group),
            Self::Alias => post(receive::alias),
            Self::Batch => post(receive::batch),
            Self::Report => post(read::report),
            Self::GroupTypes => get(read::group_types),
            Self::Groups => get(lists::groups),
            Self::GroupPage => get(read::group),
            Self::Users => get(lists::users),
            Self::UserPage => get(read::user),
            Self::Events => get(read::events),
            Self::Properties => get(suggest::properties),
            Self::Values => get(suggest::values),
            Self::Health => get(state::health),
            Self::Metrics => get(state::metrics),
            Self::OpenApi => get(openapi::answer),
            Self::Reference => get(reference::page),
            Self::ReferenceStyle => get(reference::style),
            Self::Sdk => get(sdk::script),
            Self::SdkTypes => get(sdk::types),
        }
    }

    /// All routes.
    pub fn router() -> Router<App> {
        Self::ALL.into_iter().fold(Router::new(), |router, endpoint| router.route(endpoint.path(), endpoint.route()))
    }
}
