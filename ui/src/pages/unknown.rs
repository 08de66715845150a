//! A path that leads nowhere.

use leptos::prelude::*;

use crate::{
    icons::Glyph,
    parts::states::EmptyState,
    route::{Link, Route},
};

/// Says so and shows the way home.
#[component]
pub fn UnknownPage() -> impl IntoView {
    view! {
        <div class="page">
            <EmptyState icon=Glyph::Music title="There is nothing here">
                <p>"The link may be old, or the music has left the library."</p>
                <Link to=Route::Home class="button">"Go home"</Link>
            </EmptyState>
        </div>
    }
}
