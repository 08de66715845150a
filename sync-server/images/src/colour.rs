//! The colour that stands for a cover: the one that dominates among the vivid ones.

use image::{DynamicImage, imageops::FilterType};

/// Pixels are looked at on a picture of this many per side.
const SAMPLE_PX: u32 = 64;

/// Bits per channel of the histogram: 16 steps each.
const STEP_BITS: u32 = 4;

/// Share of the picture that must be coloured for it to count as coloured, in the weights below:
/// a hundredth of it in full colour.
const COLOURED_MIN: f64 = 0.01;

/// One box of the histogram.
#[derive(Clone, Copy, Default)]
struct Heap {
    weight: f64,
    sum: [f64; 3],
}

impl Heap {
    fn add(&mut self, rgb: [f64; 3], weight: f64) {
        self.weight += weight;
        for (sum, channel) in self.sum.iter_mut().zip(rgb) {
            *sum += channel * weight;
        }
    }

    fn mean(&self) -> [u8; 3] {
        self.sum.map(|sum| (sum / self.weight).round().clamp(0.0, 255.0) as u8)
    }
}

/// The ambient colour as `#rrggbb`. Black and white never stand for a picture that has any
/// colour; a grey picture is stood for by its mean.
pub fn ambient(picture: &DynamicImage) -> String {
    let sample = if picture.width() > SAMPLE_PX || picture.height() > SAMPLE_PX {
        picture.resize_exact(SAMPLE_PX, SAMPLE_PX, FilterType::Triangle).to_rgba8()
    } else {
        picture.to_rgba8()
    };
    let mut heaps = vec![Heap::default(); 1 << (3 * STEP_BITS)];
    let (mut all, mut coloured) = (Heap::default(), 0.0);
    for pixel in sample.pixels() {
        let [r, g, b, alpha] = pixel.0;
        let opacity = f64::from(alpha) / 255.0;
        let rgb = [r, g, b].map(f64::from);
        all.add(rgb, opacity);
        let weight = vividness(rgb) * opacity;
        coloured += weight;
        let step = |channel: u8| usize::from(channel >> (8 - STEP_BITS));
        let at = (step(r) << (2 * STEP_BITS)) | (step(g) << STEP_BITS) | step(b);
        heaps[at].add(rgb, weight);
    }
    let [r, g, b] = if all.weight <= 0.0 {
        // Nothing to be seen at all.
        [0x80; 3]
    } else if coloured / all.weight < COLOURED_MIN {
        all.mean()
    } else {
        fullest(&heaps).mean()
    };
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// The fullest neighbourhood: a colour that straddles a border of boxes is not cut in two.
fn fullest(heaps: &[Heap]) -> Heap {
    let n_steps = 1_usize << STEP_BITS;
    let around = |step: usize| step.saturating_sub(1)..(step + 2).min(n_steps);
    let mut best = Heap::default();
    for (at, heap) in heaps.iter().enumerate().filter(|(_, heap)| heap.weight > 0.0) {
        let (r, g, b) = (at / (n_steps * n_steps), at / n_steps % n_steps, at % n_steps);
        let mut sum = *heap;
        for r in around(r) {
            for g in around(g) {
                for b in around(b) {
                    let near = &heaps[(r * n_steps + g) * n_steps + b];
                    sum.weight += near.weight;
                    for (sum, channel) in sum.sum.iter_mut().zip(near.sum) {
                        *sum += channel;
                    }
                }
            }
        }
        if sum.weight > best.weight {
            best = sum;
        }
    }
    best
}

/// From 0 for greys to 1 for pure colours; the very dark and the very pale count for little.
fn vividness(rgb: [f64; 3]) -> f64 {
    let max = rgb.iter().copied().fold(0.0, f64::max);
    let min = rgb.iter().copied().fold(255.0, f64::min);
    let chroma = (max - min) / 255.0;
    let lightness = (max + min) / 510.0;
    let middle = (1.0 - (2.0 * lightness - 1.0).abs()).max(0.0);
    // Noise of compression gives greys a little chroma: the power keeps it out.
    chroma.powf(1.5) * middle.sqrt()
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage, Rgba, RgbaImage};

    use super::*;

    /// A picture of vertical stripes with these shares.
    fn stripes(stripes: &[([u8; 3], u32)]) -> DynamicImage {
        let width = stripes.iter().map(|(_, n)| n).sum();
        let mut picture = RgbImage::new(width, 100);
        let mut from = 0;
        for (rgb, n) in stripes {
            for x in from..from + n {
                (0..100).for_each(|y| picture.put_pixel(x, y, Rgb(*rgb)));
            }
            from += n;
        }
        picture.into()
    }

    fn near(picture: &DynamicImage, wanted: [u8; 3]) {
        let got = ambient(picture);
        let channel = |at: usize| u8::from_str_radix(&got[at..at + 2], 16).unwrap();
        let is_near = [1, 3, 5].map(channel).iter().zip(wanted).all(|(g, w)| g.abs_diff(w) <= 16);
        assert!(is_near, "{got} is not near {wanted:?}");
    }

    #[test]
    fn colour_wins_over_black_and_white() {
        near(
            &stripes(&[([0, 0, 0], 450), ([255, 255, 255], 450), ([220, 40, 60], 100)]),
            [220, 40, 60],
        );
        near(&stripes(&[([12, 12, 14], 95), ([30, 90, 200], 5)]), [30, 90, 200]);
    }

    #[test]
    fn of_colours_the_dominant_one_wins() {
        near(&stripes(&[([200, 40, 40], 30), ([40, 60, 200], 70)]), [40, 60, 200]);
    }

    #[test]
    fn grey_is_grey_and_nothing_is_something() {
        near(&stripes(&[([100, 100, 100], 50), ([140, 140, 140], 50)]), [120, 120, 120]);
        let nothing = RgbaImage::from_pixel(10, 10, Rgba([255, 0, 0, 0]));
        assert_eq!(ambient(&nothing.into()), "#808080");
    }
}
