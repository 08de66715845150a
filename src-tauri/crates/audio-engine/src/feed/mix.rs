//! From an item's channels to the device's.

/// Half power: what a centre or surround channel adds to each side (ITU-R BS.775).
const HALF_POWER: f32 = std::f32::consts::FRAC_1_SQRT_2;

/// Maps whole interleaved frames of `n_from` channels to `n_to`, into `out` (cleared first).
///
/// Surround is expected in the order of WAVE files: left, right, centre, low frequencies, then
/// pairs behind; of seven channels, one behind comes before the pair. Down-mixes are scaled so that they cannot exceed what went in.
pub fn remap(interleaved: &[f32], n_from: u16, n_to: u16, out: &mut Vec<f32>) {
    out.clear();
    let (n_from, n_to) = (usize::from(n_from), usize::from(n_to));
    match (n_from, n_to) {
        _ if n_from == n_to => out.extend_from_slice(interleaved),
        (1, _) => {
            for sample in interleaved {
                // Front left and right only, as far as there are such.
                out.extend((0..n_to).map(|channel| if channel < 2 { *sample } else { 0.0 }));
            }
        }
        (2, 1) => out.extend(interleaved.chunks_exact(2).map(|frame| (frame[0] + frame[1]) * 0.5)),
        (_, 1 | 2) => {
            for frame in interleaved.chunks_exact(n_from) {
                let (left, right) = fold(frame);
                if n_to == 1 {
                    out.push((left + right) * 0.5);
                } else {
                    out.extend([left, right]);
                }
            }
        }
        _ => {
            for frame in interleaved.chunks_exact(n_from) {
                out.extend((0..n_to).map(|channel| frame.get(channel).copied().unwrap_or(0.0)));
            }
        }
    }
}

/// Folds a surround frame of three or more channels to two.
fn fold(frame: &[f32]) -> (f32, f32) {
    let (mut left, mut right, mut weight) = (frame[0], frame[1], 1.0);
    let mut add = |to_left: f32, to_right: f32| {
        left += to_left * HALF_POWER;
        right += to_right * HALF_POWER;
        weight += HALF_POWER;
    };
    // Four channels have no centre in front. The channel of low frequencies (index 3 from six on)
    // is left out, as BS.775 does.
    let (centres, pairs) = match frame.len() {
        3 | 5 => ([2].as_slice(), 3),
        4 => ([].as_slice(), 2),
        7 => ([2, 4].as_slice(), 5),
        _ => ([2].as_slice(), 4),
    };
    for centre in centres {
        add(frame[*centre], frame[*centre]);
    }
    for pair in frame[pairs..].chunks(2) {
        add(pair[0], pair[pair.len() - 1]);
    }
    (left / weight, right / weight)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(n_from: u16, n_to: u16, frame: &[f32], expected: &[f32]) {
        let mut out = vec![9.0];
        remap(frame, n_from, n_to, &mut out);
        assert_eq!(out.len(), expected.len());
        for (got, want) in out.iter().zip(expected) {
            assert!((got - want).abs() < 1e-6, "{out:?}");
        }
    }

    #[test]
    fn layouts_meet() {
        check(2, 2, &[0.1, 0.2], &[0.1, 0.2]);
        check(1, 2, &[0.5, 0.25], &[0.5, 0.5, 0.25, 0.25]);
        check(1, 4, &[0.5], &[0.5, 0.5, 0.0, 0.0]);
        check(2, 1, &[0.5, 0.1], &[0.3]);
        check(2, 6, &[0.5, 0.1], &[0.5, 0.1, 0.0, 0.0, 0.0, 0.0]);
        // Full scale in every channel stays full scale; low frequencies alone are left out.
        check(6, 2, &[1.0; 6], &[1.0, 1.0]);
        check(6, 2, &[0.0, 0.0, 0.0, 1.0, 0.0, 0.0], &[0.0, 0.0]);
        check(3, 2, &[1.0; 3], &[1.0, 1.0]);
        check(5, 1, &[1.0; 5], &[1.0]);
        check(7, 2, &[1.0; 7], &[1.0, 1.0]);
        check(8, 2, &[1.0; 8], &[1.0, 1.0]);
    }

    /// In 6.1, one channel behind comes before the pair at the sides: they were mixed crosswise.
    #[test]
    fn sides_of_six_one_stay_on_their_sides() {
        let side = HALF_POWER / (1.0 + 3.0 * HALF_POWER);
        check(7, 2, &[0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0], &[side, 0.0]);
        check(7, 2, &[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0], &[0.0, side]);
        check(7, 2, &[0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0], &[side, side]);
    }
}
