//! Covers: plain shapes in the colours that a release's title gives.

use std::{f32::consts::TAU, io::Cursor};

use anyhow::Result;
use image::{ImageFormat, Rgb, RgbImage};

use crate::{
    catalog::{Cover, Release},
    seeded::Seeded,
};

const SIZE: u32 = 640;

/// Edges are smoothed by looking at this many points in each direction of a pixel.
const N_SUBPIXELS: u32 = 2;

/// The release's cover as a PNG file.
pub fn png(release: &Release) -> Result<Vec<u8>> {
    let shapes = Shapes::of(release);
    let image = RgbImage::from_fn(SIZE, SIZE, |x, y| {
        let mut sum = [0.0; 3];
        for sub in 0..N_SUBPIXELS * N_SUBPIXELS {
            let at = |pixel: u32, part: u32| {
                (pixel as f32 + (part as f32 + 0.5) / N_SUBPIXELS as f32) / SIZE as f32
            };
            let colour = shapes.colour(at(x, sub % N_SUBPIXELS), at(y, sub / N_SUBPIXELS));
            for (sum, part) in sum.iter_mut().zip(colour) {
                *sum += part / (N_SUBPIXELS * N_SUBPIXELS) as f32;
            }
        }
        Rgb(sum.map(|part| (part * 255.0) as u8))
    });
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, ImageFormat::Png)?;
    Ok(bytes.into_inner())
}

/// Red, green and blue, 0 to 1.
type Colour = [f32; 3];

/// The drawing, asked point by point in the unit square.
struct Shapes {
    kind: Cover,
    ground: Colour,
    inks: [Colour; 8],
    /// Numbers that each kind reads as it needs: heights, angles, centres.
    measures: [f32; 24],
}

impl Shapes {
    fn of(release: &Release) -> Self {
        let mut seeded = Seeded::from_name(release.title);
        let hue = seeded.unit();
        let inks = std::array::from_fn(|idx| {
            hsl((hue + 0.02 + 0.045 * idx as f32).fract(), 0.72, 0.46 + 0.035 * idx as f32)
        });
        let ground = hsl((hue + 0.46).fract(), 0.42, 0.2);
        let measures = std::array::from_fn(|_| seeded.unit());
        Self { kind: release.cover, ground, inks, measures }
    }

    fn colour(&self, x: f32, y: f32) -> Colour {
        match self.kind {
            Cover::SunAndWaves => self.sun_and_waves(x, y),
            Cover::Bars => self.bars(x, y),
            Cover::Fan => self.fan(x, y),
            Cover::Rings => self.rings(x, y),
        }
    }

    fn sun_and_waves(&self, x: f32, y: f32) -> Colour {
        for wave in (0..3).rev() {
            let phase = self.measures[wave] * TAU;
            let level = 0.6 + 0.13 * wave as f32 + 0.045 * (x * TAU * 1.2 + phase).sin();
            if y > level {
                return mix(self.ground, self.inks[0], 0.55 - 0.17 * wave as f32);
            }
        }
        let (sun_x, sun_y) = (0.36 + 0.28 * self.measures[4], 0.36);
        if (x - sun_x).hypot(y - sun_y) < 0.21 {
            return self.inks[7];
        }
        mix(self.ground, self.inks[3], 0.18 * y)
    }

    fn bars(&self, x: f32, y: f32) -> Colour {
        const N_BARS: f32 = 9.0;
        let bar = x * N_BARS;
        let height = 0.25 + 0.65 * self.measures[bar as usize];
        if bar.fract() < 0.8 && y > 1.0 - height {
            return self.inks[(bar as usize).min(7)];
        }
        self.ground
    }

    fn fan(&self, x: f32, y: f32) -> Colour {
        let (from_x, from_y) = (0.46 + 0.1 * self.measures[0], 0.5 + 0.08 * self.measures[1]);
        let turn = ((y - from_y).atan2(x - from_x) / TAU + 0.5 + 0.1 * self.measures[2]).fract();
        let mut edge = 0.0;
        for blade in 0..11 {
            edge += (0.6 + self.measures[3 + blade]) / 12.6;
            if turn < edge {
                return if blade % 3 == 2 { self.ground } else { self.inks[blade * 5 % 8] };
            }
        }
        self.ground
    }

    fn rings(&self, x: f32, y: f32) -> Colour {
        for ring in 0..6 {
            let centre_x = 0.28 + 0.44 * self.measures[ring];
            let centre_y = 0.28 + 0.44 * self.measures[ring + 6];
            let radius = 0.1 + 0.3 * self.measures[ring + 12];
            let width = 0.006 + 0.013 * self.measures[ring + 18];
            if ((x - centre_x).hypot(y - centre_y) - radius).abs() < width {
                return self.inks[ring + 2];
            }
        }
        self.ground
    }
}

fn mix(from: Colour, to: Colour, amount: f32) -> Colour {
    std::array::from_fn(|part| from[part] + (to[part] - from[part]) * amount)
}

/// From hue, saturation and lightness, each 0 to 1 (CSS Color Module Level 4, section 7.1).
fn hsl(hue: f32, saturation: f32, lightness: f32) -> Colour {
    let spread = saturation * lightness.min(1.0 - lightness);
    [0.0, 8.0, 4.0].map(|part: f32| {
        let k = (part + hue * 12.0) % 12.0;
        lightness - spread * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0)
    })
}
