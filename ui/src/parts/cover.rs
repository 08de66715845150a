//! Cover images.

use domain::music;
use leptos::prelude::*;

use crate::{
    icons::{Glyph, Icon},
    ipc::cover_url,
};

/// The sizes the server makes.
const SIZES: [u32; 3] = [64, 300, 640];

/// A cover, square, as wide as its class says. Decoration: the title stands beside it.
#[component]
pub fn CoverImage(
    cover: Option<music::Cover>,
    /// Width on screen in CSS pixels.
    size: u32,
    #[prop(optional)] class: &'static str,
    /// Shown where there is no image.
    #[prop(default = Glyph::Disc3)]
    fallback: Glyph,
) -> impl IntoView {
    let is_broken = RwSignal::new(false);
    let colour = cover.as_ref().map(|cover| cover.colour.clone());
    let url = cover.map(|cover| cover_url(&cover.id, size_to_ask(size)));
    let image = move || match url.clone().filter(|_| !is_broken.get()) {
        Some(url) => view! {
            <img
                src=url
                alt=""
                loading="lazy"
                decoding="async"
                draggable="false"
                on:error=move |_| is_broken.set(true)
            />
        }
        .into_any(),
        None => view! { <Icon icon=fallback/> }.into_any(),
    };
    view! {
        <div class=format!("cover {class}") style:background-color=colour>
            {image}
        </div>
    }
}

/// The smallest size that is sharp at this width.
fn size_to_ask(width_px: u32) -> u32 {
    let wanted = (f64::from(width_px) * window().device_pixel_ratio()) as u32;
    // A tenth too small is not seen.
    SIZES.into_iter().find(|size| size * 11 / 10 >= wanted).unwrap_or(SIZES[2])
}
