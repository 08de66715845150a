//! Which screen is shown, and the way back.
//!
//! Paths are parsed into [`Route`] once; everything else matches on the enum. History lives in
//! the webview's own, so that mouse buttons and gestures for back and forward work.

use std::collections::HashMap;

use domain::{ArtistId, CaseId, ReleaseId};
use leptos::{ev, prelude::*};
use wasm_bindgen::JsValue;

/// Where the library is opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tab {
    Artists,
    Releases,
    Tracks,
}

/// Where the settings are opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Section {
    /// What is chosen on this device.
    App,
    Account,
    Devices,
    Plan,
    Privacy,
    /// For owners.
    Roles,
}

/// Where the area of compliance officers is opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Desk {
    Cases,
    Case(CaseId),
    Audit,
    Retention,
}

/// A screen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Route {
    Home,
    Search,
    Library(Tab),
    Release(ReleaseId),
    Artist(ArtistId),
    Queue,
    Playing,
    Settings(Section),
    Compliance(Desk),
    Unknown,
}

impl Route {
    /// From a path such as `/release/0190…`.
    pub fn parse(path: &str) -> Self {
        let mut parts = path.split('/').filter(|part| !part.is_empty());
        let route = match (parts.next(), parts.next()) {
            (None | Some("index.html"), None) => Some(Self::Home),
            (Some("search"), None) => Some(Self::Search),
            (Some("library"), None | Some("releases")) => Some(Self::Library(Tab::Releases)),
            (Some("library"), Some("artists")) => Some(Self::Library(Tab::Artists)),
            (Some("library"), Some("tracks")) => Some(Self::Library(Tab::Tracks)),
            (Some("release"), Some(id)) => id.parse().ok().map(Self::Release),
            (Some("artist"), Some(id)) => id.parse().ok().map(Self::Artist),
            (Some("queue"), None) => Some(Self::Queue),
            (Some("playing"), None) => Some(Self::Playing),
            (Some("settings"), None) => Some(Self::Settings(Section::App)),
            (Some("settings"), Some(name)) => section(name).map(Self::Settings),
            (Some("compliance"), None) => Some(Self::Compliance(Desk::Cases)),
            (Some("compliance"), Some("audit")) => Some(Self::Compliance(Desk::Audit)),
            (Some("compliance"), Some("retention")) => Some(Self::Compliance(Desk::Retention)),
            (Some("compliance"), Some(id)) => {
                id.parse().ok().map(|id| Self::Compliance(Desk::Case(id)))
            }
            _ => None,
        };
        match (route, parts.next()) {
            (Some(route), None) => route,
            _ => Self::Unknown,
        }
    }

    /// The inverse of [`Route::parse`].
    pub fn path(&self) -> String {
        match self {
            Self::Home | Self::Unknown => "/".into(),
            Self::Search => "/search".into(),
            Self::Library(Tab::Artists) => "/library/artists".into(),
            Self::Library(Tab::Releases) => "/library/releases".into(),
            Self::Library(Tab::Tracks) => "/library/tracks".into(),
            Self::Release(id) => format!("/release/{id}"),
            Self::Artist(id) => format!("/artist/{id}"),
            Self::Queue => "/queue".into(),
            Self::Playing => "/playing".into(),
            Self::Settings(Section::App) => "/settings".into(),
            Self::Settings(Section::Account) => "/settings/account".into(),
            Self::Settings(Section::Devices) => "/settings/devices".into(),
            Self::Settings(Section::Plan) => "/settings/plan".into(),
            Self::Settings(Section::Roles) => "/settings/roles".into(),
            Self::Settings(Section::Privacy) => "/settings/privacy".into(),
            Self::Compliance(Desk::Cases) => "/compliance".into(),
            Self::Compliance(Desk::Case(id)) => format!("/compliance/{id}"),
            Self::Compliance(Desk::Audit) => "/compliance/audit".into(),
            Self::Compliance(Desk::Retention) => "/compliance/retention".into(),
        }
    }

    /// Its name in the window's title; a page may know a better one.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Home => "Home",
            Self::Search => "Search",
            Self::Library(_) => "Library",
            Self::Release(_) => "Release",
            Self::Artist(_) => "Artist",
            Self::Queue => "Queue",
            Self::Playing => "Now playing",
            Self::Settings(Section::App) => "Settings",
            Self::Settings(Section::Account) => "Account",
            Self::Settings(Section::Devices) => "Devices",
            Self::Settings(Section::Plan) => "Plan",
            Self::Settings(Section::Roles) => "Roles",
            Self::Settings(Section::Privacy) => "Privacy",
            Self::Compliance(Desk::Cases) => "Cases",
            Self::Compliance(Desk::Case(_)) => "Case",
            Self::Compliance(Desk::Audit) => "Audit log",
            Self::Compliance(Desk::Retention) => "Retention",
            Self::Unknown => "Nothing here",
        }
    }
}

fn section(name: &str) -> Option<Section> {
    Some(match name {
        "account" => Section::Account,
        "devices" => Section::Devices,
        "plan" => Section::Plan,
        "privacy" => Section::Privacy,
        "roles" => Section::Roles,
        _ => return None,
    })
}

/// Names the page for a screen reader and for the history of the webview.
pub fn set_title(name: &str) {
    document().set_title(&format!("{name} · MelodyUD"));
}

/// The id of the element that scrolls.
pub const MAIN: &str = "main";

/// Goes places.
#[derive(Clone, Copy)]
pub struct Router {
    pub route: RwSignal<Route>,
    /// Place in the history, counted from the start of the app.
    idx: RwSignal<u32>,
    last_idx: RwSignal<u32>,
    /// Scroll offsets of places left, and the one to restore when the page is ready.
    offsets: StoredValue<HashMap<u32, i32>>,
    wanted_offset: StoredValue<Option<i32>>,
}

impl Router {
    /// Starts at the path the window was opened with.
    pub fn start() -> Self {
        let path = window().location().pathname().unwrap_or_default();
        let router = Self {
            route: RwSignal::new(Route::parse(&path)),
            idx: RwSignal::new(0),
            last_idx: RwSignal::new(0),
            offsets: StoredValue::default(),
            wanted_offset: StoredValue::new(None),
        };
        write_history(0, None);
        window_event_listener(ev::popstate, move |event| {
            router.remember_offset();
            let idx = event.state().as_f64().unwrap_or_default() as u32;
            let offset = router.offsets.with_value(|offsets| offsets.get(&idx).copied());
            router.wanted_offset.set_value(offset);
            router.idx.set(idx);
            let path = window().location().pathname().unwrap_or_default();
            router.route.set(Route::parse(&path));
        });
        router
    }

    /// Goes to a screen; staying where one is leaves no trace.
    pub fn go(self, route: Route) {
        if self.route.with_untracked(|now| *now == route) {
            return;
        }
        self.remember_offset();
        self.wanted_offset.set_value(None);
        let idx = self.idx.get_untracked() + 1;
        write_history(idx, Some(&route.path()));
        self.idx.set(idx);
        self.last_idx.set(idx);
        self.route.set(route);
        if let Some(main) = document().get_element_by_id(MAIN) {
            main.set_scroll_top(0);
        }
    }

    pub fn back(self) {
        if self.idx.get_untracked() > 0 {
            // Fails in sandboxed frames only.
            let _ = window().history().and_then(|history| history.back());
        } else {
            self.go(Route::Home);
        }
    }

    pub fn forward(self) {
        if self.idx.get_untracked() >= self.last_idx.get_untracked() {
            return;
        }
        let _ = window().history().and_then(|history| history.forward());
    }

    pub fn has_back(self) -> bool {
        self.idx.get() > 0
    }

    pub fn has_forward(self) -> bool {
        self.idx.get() < self.last_idx.get()
    }

    /// To be called when a page has its content: scrolls to where it was left.
    pub fn restore_offset(self) {
        let Some(offset) = self.wanted_offset.try_update_value(Option::take).flatten() else {
            return;
        };
        request_animation_frame(move || {
            if let Some(main) = document().get_element_by_id(MAIN) {
                main.set_scroll_top(offset);
            }
        });
    }

    fn remember_offset(self) {
        if let Some(main) = document().get_element_by_id(MAIN) {
            let idx = self.idx.get_untracked();
            self.offsets.update_value(|offsets| {
                offsets.insert(idx, main.scroll_top());
            });
        }
    }
}

/// Adds a place to the webview's history, or replaces the present one.
fn write_history(idx: u32, path: Option<&str>) {
    let Ok(history) = window().history() else { return };
    let state = JsValue::from(idx);
    // Both fail on more than a hundred calls in 30 s (WebKit); the screen changes all the same.
    let _ = match path {
        Some(path) => history.push_state_with_url(&state, "", Some(path)),
        None => history.replace_state(&state, ""),
    };
}

/// A link to a screen that is followed inside the app.
#[component]
pub fn Link(
    /// Where it leads.
    to: Route,
    #[prop(optional, into)] class: String,
    /// Whether the tab key stops here; rows with many links stop once.
    #[prop(optional)]
    is_skipped: bool,
    children: Children,
) -> impl IntoView {
    let router = expect_context::<Router>();
    let href = to.path();
    let current = {
        let to = to.clone();
        move || router.route.with(|now| *now == to).then_some("page")
    };
    let follow = move |event: ev::MouseEvent| {
        event.prevent_default();
        router.go(to.clone());
    };
    view! {
        <a
            href=href
            class=class
            aria-current=current
            tabindex=is_skipped.then_some("-1")
            draggable="false"
            on:click=follow
        >
            {children()}
        </a>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn route_survives_its_path() {
        let id = "01938e3c-5f6e-7cc0-8d1a-111111111111";
        for path in ["/", "/search", "/library/tracks", "/queue", "/playing", "/settings"] {
            assert_eq!(Route::parse(path).path(), path);
        }
        for section in ["account", "devices", "plan", "privacy", "roles"] {
            let path = format!("/settings/{section}");
            assert_eq!(Route::parse(&path).path(), path);
        }
        for desk in ["", "/audit", "/retention", &format!("/{id}")] {
            let path = format!("/compliance{desk}");
            assert_eq!(Route::parse(&path).path(), path);
        }
        let release = format!("/release/{id}");
        assert_eq!(Route::parse(&release).path(), release);
        for path in
            ["/release/../x", "/artist", "/nowhere", "/home/more", "/release/x/y", "/settings/x"]
        {
            assert_eq!(Route::parse(path), Route::Unknown, "{path}");
        }
    }
}
