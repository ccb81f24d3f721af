//! The addresses for programs: one list, from which both the routes and their description are made. Those of pages are
//! in `site`.

use super::app::App;
use super::batch::Form;
use super::site::Page;
use super::{home, lists, openapi, read, receive, reference, saved, sdk, settings, state, suggest};
use crate::input::Kind;
use axum::Router;
use axum::routing::{MethodRouter, get, post};

/// An address with a method.
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
    Home,
    Feed,
    SavedReports,
    SaveReport,
    SavedReport,
    ChangeReport,
    DeleteReport,
    Dashboards,
    NewDashboard,
    Dashboard,
    ChangeDashboard,
    DeleteDashboard,
    Settings,
    ChangeSettings,
    DeclareGroupType,
    Keys,
    NewKey,
    RevokeKey,
    PreviewDelete,
    Delete,
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
        } else if Endpoint::PUBLIC.iter().any(|public| public.path() == path) || Page::is_public(path) {
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

    pub const ALL: [Self; 41] = [
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
        Self::Home,
        Self::Feed,
        Self::SavedReports,
        Self::SaveReport,
        Self::SavedReport,
        Self::ChangeReport,
        Self::DeleteReport,
        Self::Dashboards,
        Self::NewDashboard,
        Self::Dashboard,
        Self::ChangeDashboard,
        Self::DeleteDashboard,
        Self::Settings,
        Self::ChangeSettings,
        Self::DeclareGroupType,
        Self::Keys,
        Self::NewKey,
        Self::RevokeKey,
        Self::PreviewDelete,
        Self::Delete,
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
            Self::Home => "/api/home",
            Self::Feed => "/api/feed",
            Self::SavedReports | Self::SaveReport => "/api/saved",
            Self::SavedReport | Self::ChangeReport => "/api/saved/{id}",
            Self::DeleteReport => "/api/saved/{id}/delete",
            Self::Dashboards | Self::NewDashboard => "/api/dashboards",
            Self::Dashboard | Self::ChangeDashboard => "/api/dashboards/{id}",
            Self::DeleteDashboard => "/api/dashboards/{id}/delete",
            Self::Settings | Self::ChangeSettings => "/api/settings",
            Self::DeclareGroupType => "/api/group-types",
            Self::Keys | Self::NewKey => "/api/keys",
            Self::RevokeKey => "/api/keys/{id}/revoke",
            Self::PreviewDelete => "/api/delete/preview",
            Self::Delete => "/api/delete",
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
        self.is_sent()
            || matches!(
                self,
                Self::Report
                    | Self::SaveReport
                    | Self::ChangeReport
                    | Self::DeleteReport
                    | Self::NewDashboard
                    | Self::ChangeDashboard
                    | Self::DeleteDashboard
                    | Self::ChangeSettings
                    | Self::DeclareGroupType
                    | Self::NewKey
                    | Self::RevokeKey
                    | Self::PreviewDelete
                    | Self::Delete
            )
    }

    /// Whether what is posted to it is nothing but its address.
    pub fn has_no_body(self) -> bool {
        matches!(self, Self::DeleteReport | Self::DeleteDashboard | Self::RevokeKey)
    }

    /// The method as descriptions write it.
    pub fn method(self) -> &'static str {
        if self.is_post() { "post" } else { "get" }
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
            Self::Home => "Show what the workspace looks like now, with what it was before",
            Self::Feed => "List the events that arrived last",
            Self::SavedReports => "List the saved reports",
            Self::SaveReport => "Save a report under a name",
            Self::SavedReport => "Show a saved report",
            Self::ChangeReport => "Rename or change a saved report; what is left out stays",
            Self::DeleteReport => "Delete a saved report, and the tiles that show it",
            Self::Dashboards => "List the dashboards",
            Self::NewDashboard => "Make a dashboard of saved reports",
            Self::Dashboard => "Show a dashboard",
            Self::ChangeDashboard => "Rename a dashboard or change its tiles; what is left out stays",
            Self::DeleteDashboard => "Delete a dashboard; its reports stay",
            Self::Settings => "Show what the workspace was told about itself",
            Self::ChangeSettings => {
                "Change the time zone, for how long events are kept, or whether undeclared group types are refused"
            }
            Self::DeclareGroupType => "Declare a group type, or give it another name for people",
            Self::Keys => "List the keys of the workspace, without the keys themselves",
            Self::NewKey => "Make a key; it is shown this once",
            Self::RevokeKey => "Take a key back",
            Self::PreviewDelete => "Tell what deleting would take out",
            Self::Delete => "Delete users, group keys or old events for good",
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
            Self::Track => receive::taking(Form::One(Kind::Track)),
            Self::Identify => receive::taking(Form::One(Kind::Identify)),
            Self::Group => receive::taking(Form::One(Kind::Group)),
            Self::Alias => receive::taking(Form::One(Kind::Alias)),
            Self::Batch => receive::taking(Form::Batch),
            Self::Report => post(read::report),
            Self::GroupTypes => get(read::group_types),
            Self::Groups => get(lists::groups),
            Self::GroupPage => get(read::group),
            Self::Users => get(lists::users),
            Self::UserPage => get(read::user),
            Self::Events => get(read::events),
            Self::Properties => get(suggest::properties),
            Self::Values => get(suggest::values),
            Self::Home => get(home::home),
            Self::Feed => get(home::feed),
            Self::SavedReports => get(saved::reports),
            Self::SaveReport => post(saved::add_report),
            Self::SavedReport => get(saved::report),
            Self::ChangeReport => post(saved::change_report),
            Self::DeleteReport => post(saved::delete_report),
            Self::Dashboards => get(saved::dashboards),
            Self::NewDashboard => post(saved::add_dashboard),
            Self::Dashboard => get(saved::dashboard),
            Self::ChangeDashboard => post(saved::change_dashboard),
            Self::DeleteDashboard => post(saved::delete_dashboard),
            Self::Settings => get(settings::show),
            Self::ChangeSettings => post(settings::change),
            Self::DeclareGroupType => post(settings::declare),
            Self::Keys => get(settings::keys),
            Self::NewKey => post(settings::new_key),
            Self::RevokeKey => post(settings::revoke_key),
            Self::PreviewDelete => post(settings::preview),
            Self::Delete => post(settings::delete),
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
