//! Pictures that a person chose, made small enough to be sent.

use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// Of the longer side; a server draws it smaller still.
const SIDE_PX_MAX: u32 = 1_024;

/// How much of a JPEG is kept.
const QUALITY: f64 = 0.9;

/// How the webview begins what it made.
const PREFIX: &str = "data:image/jpeg;base64,";

/// A JPEG in base64, upright and on white; `None` where the file is no picture that the webview
/// can read.
pub async fn shrunk(file: &web_sys::File) -> Option<String> {
    drawn(file).await.ok()?.strip_prefix(PREFIX).map(str::to_owned)
}

async fn drawn(file: &web_sys::File) -> Result<String, JsValue> {
    let decoded = JsFuture::from(window().create_image_bitmap_with_blob(file)?).await?;
    let bitmap: web_sys::ImageBitmap = decoded.dyn_into()?;
    let (width, height) = fitted(bitmap.width(), bitmap.height());
    let canvas: web_sys::HtmlCanvasElement = document().create_element("canvas")?.dyn_into()?;
    canvas.set_width(width);
    canvas.set_height(height);
    let context = canvas.get_context("2d")?.ok_or(JsValue::NULL)?;
    let context: web_sys::CanvasRenderingContext2d = context.dyn_into()?;
    let (width, height) = (f64::from(width), f64::from(height));
    context.set_fill_style_str("#fff");
    context.fill_rect(0.0, 0.0, width, height);
    context.draw_image_with_image_bitmap_and_dw_and_dh(&bitmap, 0.0, 0.0, width, height)?;
    bitmap.close();
    canvas.to_data_url_with_type_and_encoder_options("image/jpeg", &QUALITY.into())
}

/// The same shape, no larger than it is and no larger than it may be.
fn fitted(width: u32, height: u32) -> (u32, u32) {
    let longer = width.max(height).max(1);
    let side = longer.min(SIDE_PX_MAX);
    let scaled = |px: u32| {
        let px = u64::from(px) * u64::from(side) / u64::from(longer);
        u32::try_from(px).unwrap_or(SIDE_PX_MAX).max(1)
    };
    (scaled(width), scaled(height))
}

#[cfg(test)]
mod tests {
    use super::fitted;

    #[test]
    fn pictures_keep_their_shape_and_grow_never() {
        assert_eq!(fitted(4_000, 3_000), (1_024, 768));
        assert_eq!(fitted(300, 200), (300, 200));
        assert_eq!(fitted(1, 60_000), (1, 1_024));
        assert_eq!(fitted(0, 0), (1, 1));
    }
}
