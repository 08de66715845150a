//! Names of artists as links.

use domain::ArtistRef;
use leptos::prelude::*;

use crate::route::{Link, Route};

/// `A, B & C`, each a link to the artist.
#[component]
pub fn Credits(
    artists: Vec<ArtistRef>,
    /// Whether the tab key passes over the links.
    #[prop(optional)]
    is_skipped: bool,
) -> impl IntoView {
    let last_idx = artists.len().saturating_sub(1);
    let names = artists
        .into_iter()
        .enumerate()
        .map(|(idx, artist)| {
            let joint = match idx {
                0 => "",
                idx if idx == last_idx => " & ",
                _ => ", ",
            };
            view! {
                {joint}
                <Link to=Route::Artist(artist.id) is_skipped=is_skipped>{artist.name}</Link>
            }
        })
        .collect_view();
    view! { <span class="credits">{names}</span> }
}
