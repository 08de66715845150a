//! What is played: notes and drum strokes in time, from a track's chords and form.

use crate::{
    catalog::{Kit, Piece, Voice},
    seeded::Seeded,
};

/// One note of an instrument.
pub struct Note {
    pub voice: Voice,
    /// Seconds from the start.
    pub start_s: f32,
    pub length_s: f32,
    /// MIDI number.
    pub pitch: u8,
    /// 0 to 1.
    pub strength: f32,
    /// -1 left to 1 right.
    pub pan: f32,
}

/// One stroke on a drum.
pub struct Stroke {
    pub drum: Drum,
    pub start_s: f32,
    pub strength: f32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Drum {
    Kick,
    Snare,
    Hat,
    OpenHat,
    Brush,
}

pub struct Score {
    pub notes: Vec<Note>,
    pub strokes: Vec<Stroke>,
    pub length_s: f32,
    /// Names the noise of this piece's instruments.
    pub seed: &'static str,
    pub beat_s: f32,
}

/// The part of the form a bar is in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Section {
    Intro,
    Verse,
    Chorus,
    Outro,
}

const BEATS: usize = 4;

/// Silence and the end of the room after the last note.
const TAIL_S: f32 = 3.0;

/// Writes the piece down, bar by bar.
pub fn compose(piece: &Piece) -> Score {
    let mut writer = Writer {
        piece,
        beat_s: 60.0 / f32::from(piece.bpm),
        seeded: Seeded::from_name(piece.title),
        motif: Vec::new(),
        notes: Vec::new(),
        strokes: Vec::new(),
    };
    writer.motif = writer.invent_motif();
    let n_bars = usize::from(piece.n_bars);
    for bar in 0..n_bars {
        writer.bar(bar, section(bar, n_bars));
    }
    writer.ending(n_bars);
    let length_s =
        n_bars as f32 * BEATS as f32 * writer.beat_s + BEATS as f32 * writer.beat_s + TAIL_S;
    Score {
        notes: writer.notes,
        strokes: writer.strokes,
        length_s,
        seed: piece.title,
        beat_s: writer.beat_s,
    }
}

/// Four bars to begin, four to end, and verse and chorus of four bars in turn between them.
fn section(bar: usize, n_bars: usize) -> Section {
    if bar < 4 {
        Section::Intro
    } else if bar + 4 >= n_bars {
        Section::Outro
    } else if (bar / 4) % 2 == 1 {
        Section::Verse
    } else {
        Section::Chorus
    }
}

struct Writer<'a> {
    piece: &'a Piece,
    beat_s: f32,
    seeded: Seeded,
    /// The tune of two bars, as (half beat, steps above the chord, length in half beats).
    motif: Vec<(usize, i32, usize)>,
    notes: Vec<Note>,
    strokes: Vec<Stroke>,
}

impl Writer<'_> {
    /// A tune that returns: mostly steps, chord tones where the bar is strong, rests to breathe.
    fn invent_motif(&mut self) -> Vec<(usize, i32, usize)> {
        let mut motif = Vec::new();
        let mut half = 0;
        let mut degree = 0;
        while half < 4 * BEATS {
            let length = [1, 1, 2, 2, 3, 4][self.seeded.below(6)].min(4 * BEATS - half);
            if half % 4 == 0 {
                degree = [0, 2, 4][self.seeded.below(3)];
            } else {
                degree = (degree + [-2, -1, 1, 1, 2][self.seeded.below(5)]).clamp(-3, 8);
            }
            if half == 0 || !self.seeded.is_hit(0.22) {
                motif.push((half, degree, length));
            }
            half += length;
        }
        motif
    }

    fn bar(&mut self, bar: usize, section: Section) {
        let chord = match section {
            Section::Chorus => self.piece.chorus[bar % 4],
            _ => self.piece.verse[bar % 4],
        };
        self.chords(bar, chord, section);
        if bar >= 2 {
            self.bass(bar, chord, section);
        }
        if matches!(section, Section::Verse | Section::Chorus)
            || (section == Section::Intro && bar >= 2)
        {
            self.drums(bar, section);
        }
        if matches!(section, Section::Verse | Section::Chorus) {
            self.tune(bar, chord, section);
        }
    }

    /// A last, long chord of the tonic.
    fn ending(&mut self, n_bars: usize) {
        let start_s = self.at(n_bars, 0);
        let length_s = 4.0 * self.beat_s;
        for (step, pan) in [(0, -0.4), (2, 0.0), (4, 0.4), (7, 0.2)] {
            let pitch = self.pitch(0, step, 12);
            let voice = self.piece.release.sound.chords;
            self.notes.push(Note { voice, start_s, length_s, pitch, strength: 0.5, pan });
        }
        let pitch = self.pitch(0, 0, -12);
        let voice = self.piece.release.sound.bass;
        self.notes.push(Note { voice, start_s, length_s, pitch, strength: 0.7, pan: 0.0 });
    }

    fn chords(&mut self, bar: usize, chord: u8, section: Section) {
        let voice = self.piece.release.sound.chords;
        let steps = [(0, -0.5), (2, 0.1), (4, 0.5), (6, -0.1)];
        let n_tones = if section == Section::Chorus { 4 } else { 3 };
        let is_sustained = matches!(voice, Voice::Pad | Voice::Organ);
        let lift = if section == Section::Chorus { 1.15 } else { 1.0 };
        if is_sustained {
            for (step, pan) in &steps[..n_tones] {
                let pitch = self.pitch(chord, *step, 12);
                self.push(voice, bar, 0, 8, pitch, 0.34 * lift, *pan);
            }
            return;
        }
        // Broken over the bar, in an order of its own for each section.
        let pattern: [usize; 8] = if section == Section::Chorus {
            [0, 2, 1, 3, 2, 1, 3, 1]
        } else {
            [0, 1, 2, 1, 0, 2, 1, 2]
        };
        for (half, tone) in pattern.into_iter().enumerate() {
            let (step, pan) = steps[tone];
            let pitch = self.pitch(chord, step, 12);
            let strength =
                lift * (0.3 + if half % 4 == 0 { 0.1 } else { 0.0 } + 0.06 * self.seeded.unit());
            self.push(voice, bar, half, 3, pitch, strength, pan * 0.7);
        }
    }

    fn bass(&mut self, bar: usize, chord: u8, section: Section) {
        let voice = self.piece.release.sound.bass;
        let pattern: &[(usize, i32, usize)] = match (self.piece.release.sound.kit, section) {
            (_, Section::Outro) => &[(0, 0, 8)],
            (Kit::Club, _) => &[(1, 0, 1), (3, 0, 1), (5, 0, 1), (7, 4, 1)],
            (Kit::Band, _) => &[(0, 0, 2), (2, 2, 2), (4, 4, 2), (6, 5, 2)],
            (Kit::Brushes, _) => &[(0, 0, 3), (4, 4, 2), (6, 0, 2)],
            (Kit::Slow, _) => &[(0, 0, 5), (6, 4, 2)],
        };
        for (half, step, length) in pattern {
            let pitch = self.pitch(chord, *step, -12);
            self.push(voice, bar, *half, *length, pitch, 0.8, 0.0);
        }
    }

    /// The motif over the chord; a third above it in the chorus.
    fn tune(&mut self, bar: usize, chord: u8, section: Section) {
        let voice = self.piece.release.sound.lead;
        let first = (bar % 2) * 2 * BEATS;
        let of_this_bar: Vec<_> = self
            .motif
            .iter()
            .copied()
            .filter(|(half, ..)| (first..first + 2 * BEATS).contains(half))
            .collect();
        for (half, degree, length) in of_this_bar {
            let strength = 0.62 + 0.14 * self.seeded.unit();
            let pitch = self.pitch(chord, degree, 24);
            self.push(voice, bar, half - first, length, pitch, strength, 0.12);
            if section == Section::Chorus {
                let above = self.pitch(chord, degree + 2, 24);
                self.push(voice, bar, half - first, length, above, strength * 0.6, -0.25);
            }
        }
    }

    fn drums(&mut self, bar: usize, section: Section) {
        let kit = self.piece.release.sound.kit;
        let is_full = section != Section::Intro;
        for half in 0..2 * BEATS {
            let is_beat = half % 2 == 0;
            let beat = half / 2;
            let mut stroke = |drum, strength| {
                let start_s = self.at(bar, half);
                self.strokes.push(Stroke { drum, start_s, strength });
            };
            match kit {
                Kit::Club => {
                    if is_beat {
                        stroke(Drum::Kick, 0.9);
                    } else {
                        stroke(Drum::OpenHat, 0.32);
                    }
                    stroke(Drum::Hat, 0.18);
                    if is_full && is_beat && beat % 2 == 1 {
                        stroke(Drum::Snare, 0.5);
                    }
                }
                Kit::Band => {
                    if half == 0 || half == 5 {
                        stroke(Drum::Kick, 0.75);
                    }
                    if is_full && is_beat && beat % 2 == 1 {
                        stroke(Drum::Snare, 0.42);
                    }
                    stroke(Drum::Hat, if is_beat { 0.28 } else { 0.18 });
                }
                Kit::Brushes => {
                    if half == 0 {
                        stroke(Drum::Kick, 0.5);
                    }
                    stroke(Drum::Brush, if half % 4 == 2 { 0.34 } else { 0.14 });
                }
                Kit::Slow => {
                    if half == 0 {
                        stroke(Drum::Kick, 0.8);
                    }
                    if is_full && half == 4 {
                        stroke(Drum::Snare, 0.34);
                    }
                    if is_beat {
                        stroke(Drum::Hat, 0.12);
                    }
                }
            }
        }
        // A fill leads into the next section.
        if is_full && bar % 4 == 3 && kit != Kit::Brushes {
            for half in [6, 7] {
                let strength = 0.2 + 0.1 * (half - 5) as f32;
                let start_s = self.at(bar, half);
                self.strokes.push(Stroke { drum: Drum::Snare, start_s, strength });
            }
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn push(
        &mut self,
        voice: Voice,
        bar: usize,
        half: usize,
        n_halves: usize,
        pitch: u8,
        strength: f32,
        pan: f32,
    ) {
        let start_s = self.at(bar, half);
        let length_s = n_halves as f32 * 0.5 * self.beat_s * 0.95;
        self.notes.push(Note { voice, start_s, length_s, pitch, strength, pan });
    }

    /// When a half beat of a bar sounds.
    fn at(&self, bar: usize, half: usize) -> f32 {
        let swing = if half % 2 == 1 { self.piece.release.sound.swing } else { 0.0 };
        ((bar * BEATS) as f32 + half as f32 * 0.5 + swing) * self.beat_s
    }

    /// The note `step` steps of the mode above a chord's root, moved by some semitones.
    fn pitch(&self, chord: u8, step: i32, shift: i32) -> u8 {
        let degree = i32::from(chord) + step;
        let mode = self.piece.release.sound.mode;
        let in_octave = usize::try_from(degree.rem_euclid(7)).unwrap_or(0);
        let pitch = i32::from(self.piece.tonic)
            + degree.div_euclid(7) * 12
            + i32::from(mode[in_octave])
            + shift;
        u8::try_from(pitch.clamp(21, 108)).unwrap_or(60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_has_all_its_parts() {
        let sections: Vec<Section> = (0..20).map(|bar| section(bar, 20)).collect();
        for wanted in [Section::Intro, Section::Verse, Section::Chorus, Section::Outro] {
            assert!(sections.iter().filter(|found| **found == wanted).count() >= 4, "{wanted:?}");
        }
    }
}
