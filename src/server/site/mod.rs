//! The pages for people as addresses: the list of them, what each is asked with, and who may see it. What they look
//! like is in [`crate::html`].

mod asset;
mod cohorts;
mod cookie;
mod counted;
mod dashboards;
mod events;
mod forms;
mod groups;
mod home;
mod kept;
mod licenses;
mod lists;
mod login;
mod refusal;
mod reports;
mod saved;
mod settings;
mod show;
mod users;

pub(super) use refusal::for_people;

use super::access::own_pages_alone;
use super::app::App;
use crate::html::asset::PATH as ASSETS;
use crate::html::report::Kind;
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post};

/// The address of a page, or of what pages load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    Home,
    Dashboards,
    Dashboard,
    DashboardDelete,
    DashboardTile,
    Saved,
    SavedReport,
    Report(Kind),
    Units,
    Export,
    Groups,
    GroupsOfType,
    GroupProfile,
    Users,
    User,
    Cohorts,
    Cohort,
    Events,
    Event,
    Settings,
    SettingsTimezone,
    SettingsTypes,
    SettingsOnlyDeclared,
    SettingsKeys,
    SettingsRevoke,
    SettingsKeep,
    SettingsDelete,
    Login,
    Logout,
    Licenses,
    Asset,
}

impl Page {
    const ALL: [Self; 36] = [
        Self::Home,
        Self::Dashboards,
        Self::Dashboard,
        Self::DashboardDelete,
        Self::DashboardTile,
        Self::Saved,
        Self::SavedReport,
        Self::Report(Kind::Trends),
        Self::Report(Kind::Funnel),
        Self::Report(Kind::Retention),
        Self::Report(Kind::Stickiness),
        Self::Report(Kind::Lifecycle),
        Self::Report(Kind::Paths),
        Self::Units,
        Self::Export,
        Self::Groups,
        Self::GroupsOfType,
        Self::GroupProfile,
        Self::Users,
        Self::User,
        Self::Cohorts,
        Self::Cohort,
        Self::Events,
        Self::Event,
        Self::Settings,
        Self::SettingsTimezone,
        Self::SettingsTypes,
        Self::SettingsOnlyDeclared,
        Self::SettingsKeys,
        Self::SettingsRevoke,
        Self::SettingsKeep,
        Self::SettingsDelete,
        Self::Login,
        Self::Logout,
        Self::Licenses,
        Self::Asset,
    ];

    /// The path; names in braces stand for any text.
    fn path(self) -> &'static str {
        match self {
            Self::Home => "/",
            Self::Dashboards => "/dashboards",
            Self::Dashboard => "/dashboards/{id}",
            Self::DashboardDelete => "/dashboards/{id}/delete",
            Self::DashboardTile => "/dashboards/{id}/{place}",
            Self::Saved => "/saved",
            Self::SavedReport => "/saved/{id}",
            Self::Report(kind) => kind.place().path(),
            Self::Units => "/units",
            Self::Export => "/export/{format}",
            Self::Groups => "/groups",
            Self::GroupsOfType => "/groups/{type}",
            Self::GroupProfile => "/groups/{type}/{key}",
            Self::Users => "/users",
            Self::User => "/users/{id}",
            Self::Cohorts => "/cohorts",
            Self::Cohort => "/cohorts/{name}",
            Self::Events => "/events",
            Self::Event => "/events/{name}",
            Self::Settings => "/settings",
            Self::SettingsTimezone => "/settings/timezone",
            Self::SettingsTypes => "/settings/types",
            Self::SettingsOnlyDeclared => "/settings/only-declared",
            Self::SettingsKeys => "/settings/keys",
            Self::SettingsRevoke => "/settings/revoke",
            Self::SettingsKeep => "/settings/keep",
            Self::SettingsDelete => "/settings/delete",
            Self::Login => "/login",
            Self::Logout => "/logout",
            Self::Licenses => "/licenses",
            Self::Asset => "/assets/{hash}/{name}",
        }
    }

    fn route(self) -> MethodRouter<App> {
        match self {
            Self::Home => get(home::page),
            Self::Dashboards => get(dashboards::list).post(dashboards::make),
            Self::Dashboard => get(dashboards::one).post(dashboards::change),
            Self::DashboardDelete => get(dashboards::ask_delete).post(dashboards::delete),
            Self::DashboardTile => get(dashboards::tile),
            Self::Saved => get(saved::list).post(saved::change),
            Self::SavedReport => get(saved::one),
            Self::Report(kind) => {
                get(move |app, visitor, headers, query| reports::page(kind, app, visitor, headers, query))
                    .post(reports::change)
            }
            Self::Units => get(reports::units),
            Self::Export => get(reports::export),
            Self::Groups => get(groups::first),
            Self::GroupsOfType => get(groups::of_type),
            Self::GroupProfile => get(groups::profile),
            Self::Users => get(users::list),
            Self::User => get(users::one),
            Self::Cohorts => get(cohorts::list).post(cohorts::change),
            Self::Cohort => get(cohorts::one).post(cohorts::change_one),
            Self::Events => get(events::list),
            Self::Event => get(events::one),
            Self::Settings => get(settings::page),
            Self::SettingsTimezone => post(settings::set_timezone),
            Self::SettingsTypes => post(settings::declare),
            Self::SettingsOnlyDeclared => post(settings::set_only_declared),
            Self::SettingsKeys => post(settings::make_key),
            Self::SettingsRevoke => get(settings::ask_revoke).post(settings::revoke),
            Self::SettingsKeep => get(settings::ask_keep).post(settings::keep),
            Self::SettingsDelete => get(settings::ask_delete).post(settings::delete),
            Self::Login => get(login::ask).post(login::enter),
            Self::Logout => post(login::leave),
            Self::Licenses => get(licenses::page),
            Self::Asset => get(asset::file),
        }
    }

    /// All routes.
    pub fn router(app: &App) -> Router<App> {
        let routes = Self::ALL.into_iter().fold(Router::new(), |router, page| router.route(page.path(), page.route()));
        routes.route_layer(from_fn_with_state(App::clone(app), own_pages_alone))
    }

    /// Whether a path is for people: whatever is not for programs, also where nothing is.
    pub fn is_at(path: &str) -> bool {
        let programs = ["/api", "/v1", "/healthz", "/metrics", "/tracker.js", "/tracker.d.ts"];
        !programs.iter().any(|own| path.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
    }

    /// Whether everybody may have what is at a path.
    pub fn is_public(path: &str) -> bool {
        let is_asset = path.strip_prefix(ASSETS).is_some_and(|rest| rest.starts_with('/'));
        is_asset || [Self::Login, Self::Logout, Self::Licenses].iter().any(|page| page.path() == path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::endpoint::Endpoint;

    #[test]
    fn no_address_is_both_for_programs_and_for_people() {
        assert!(Page::ALL.iter().all(|page| Page::is_at(page.path())));
        assert!(Endpoint::ALL.iter().all(|endpoint| !Page::is_at(endpoint.path())));
        assert!(Page::is_at("/apiary") && !Page::is_at("/api/nothing"));
    }

    #[test]
    fn what_shows_data_is_not_public() {
        let public = [Page::Login, Page::Logout, Page::Licenses, Page::Asset];
        for page in Page::ALL.iter().filter(|page| !public.contains(page)) {
            assert!(!Page::is_public(page.path()), "{page:?}");
        }
        assert!(Page::is_public("/assets/0/pages.css") && !Page::is_public("/assetsx"));
    }
}
