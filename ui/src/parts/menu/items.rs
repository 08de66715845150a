//! What menus offer for tracks, releases and artists.

use ::ipc::{Context, Placement, PlayerResume, PlayerSeek, Selection};
use domain::{Artist, ArtistRef, Release, Track};

use crate::{
    icons::Glyph,
    overlay::MenuItem,
    route::{Route, Router},
    state::State,
};

/// What can be done with a track.
pub fn track_items(
    state: State,
    router: Router,
    track: &Track,
    play: impl Fn() + Send + Sync + 'static,
) -> Vec<MenuItem> {
    all_of_track(MenuItem::new("Play", Glyph::Play, play), state, router, track)
}

/// What can be done with what plays.
pub fn current_items(state: State, router: Router, track: &Track) -> Vec<MenuItem> {
    let again = move || {
        state.send(PlayerSeek { position_ms: 0 });
        state.send(PlayerResume {});
    };
    let first = MenuItem::new("Play from the start", Glyph::Play, again);
    all_of_track(first, state, router, track)
}

fn all_of_track(first: MenuItem, state: State, router: Router, track: &Track) -> Vec<MenuItem> {
    let mut items = vec![first];
    items.extend(queue_items(state, Selection::Tracks { ids: vec![track.id] }, 1));
    items.extend(artist_items(router, &track.artists));
    let release = Route::Release(track.release.id);
    items.push(MenuItem::new("Go to release", Glyph::Disc3, move || router.go(release.clone())));
    items
}

/// What can be done with many tracks.
pub fn selection_items(
    state: State,
    selection: Selection,
    n_tracks: u64,
    play: impl Fn() + Send + Sync + 'static,
) -> Vec<MenuItem> {
    let mut items = vec![MenuItem::new("Play", Glyph::Play, play)];
    items.extend(queue_items(state, selection, n_tracks));
    items
}

/// What can be done with a release.
pub fn release_items(state: State, router: Router, release: &Release) -> Vec<MenuItem> {
    let id = release.id;
    let context = Context::Release { id, title: release.title.clone() };
    let shuffled = context.clone();
    let mut items = vec![
        MenuItem::new("Play", Glyph::Play, move || {
            state.play(context.clone(), Selection::Release { id }, None);
        }),
        MenuItem::new("Shuffle", Glyph::Shuffle, move || {
            state.play_shuffled(shuffled.clone(), Selection::Release { id });
        }),
    ];
    items.extend(queue_items(state, Selection::Release { id }, u64::from(release.n_tracks)));
    items.extend(artist_items(router, &release.artists));
    items
}

/// What can be done with an artist, and the way there.
pub fn artist_card_items(state: State, router: Router, artist: &Artist) -> Vec<MenuItem> {
    let id = artist.id;
    let mut items = artist_items_here(state, artist);
    items.push(MenuItem::new("Go to artist", Glyph::MicVocal, move || {
        router.go(Route::Artist(id));
    }));
    items
}

/// What can be done with an artist on their own page.
pub fn artist_items_here(state: State, artist: &Artist) -> Vec<MenuItem> {
    let id = artist.id;
    let context = Context::Artist { id, name: artist.name.clone() };
    let shuffled = context.clone();
    let mut items = vec![
        MenuItem::new("Play", Glyph::Play, move || {
            state.play(context.clone(), Selection::Artist { id }, None);
        }),
        MenuItem::new("Shuffle", Glyph::Shuffle, move || {
            state.play_shuffled(shuffled.clone(), Selection::Artist { id });
        }),
    ];
    items.extend(queue_items(state, Selection::Artist { id }, u64::from(artist.n_tracks)));
    items
}

fn queue_items(state: State, selection: Selection, n_tracks: u64) -> [MenuItem; 2] {
    let last = selection.clone();
    [
        MenuItem::new("Play next", Glyph::ListStart, move || {
            state.enqueue(selection.clone(), n_tracks, Placement::Next);
        }),
        MenuItem::new("Add to queue", Glyph::ListEnd, move || {
            state.enqueue(last.clone(), n_tracks, Placement::Last);
        }),
    ]
}

/// One line for each artist of a credit.
fn artist_items(router: Router, artists: &[ArtistRef]) -> Vec<MenuItem> {
    let item = |artist: &ArtistRef| {
        let route = Route::Artist(artist.id);
        let label = match artists {
            [_] => "Go to artist".to_owned(),
            _ => format!("Go to {}", artist.name),
        };
        MenuItem::new(label, Glyph::MicVocal, move || router.go(route.clone()))
    };
    artists.iter().map(item).collect()
}
