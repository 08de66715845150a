//! What a listener expects, one story each.

use crate::rig::{Rig, track};
use domain::queue::{Context, Repeat};
use player_core::{Effect, EngineNews, Input, Notice, Placement, Refusal, Status};

/// Plays tracks 1 to `n` as a context.
fn playing(n: u64) -> Rig {
    let mut rig = Rig::default();
    rig.play(1..=n, None, false);
    rig
}

#[test]
fn row_pressed_plays_and_the_rest_follows() {
    let mut rig = Rig::default();
    rig.play(1..=4, Some(1), false);
    assert_eq!(rig.line(), "1 [2] | 3 4");
    assert!(rig.sounds());
    rig.give(Input::Previous);
    assert_eq!(rig.line(), "[1] | 2 3 4");
}

#[test]
fn added_tracks_come_before_the_context_and_play_next_before_those() {
    let mut rig = playing(3);
    rig.add([10, 11], Placement::Last);
    rig.add([12], Placement::Last);
    rig.add([20, 21], Placement::Next);
    assert_eq!(rig.line(), "[1] 20 21 10 11 12 | 2 3");
    rig.give(Input::Next);
    assert_eq!(rig.line(), "1 [20] 21 10 11 12 | 2 3");
    // Another context leaves what was added by hand.
    rig.play(5..=6, None, false);
    assert_eq!(rig.line(), "[5] 21 10 11 12 | 6");
}

#[test]
fn added_to_nothing_waits_for_resume() {
    let mut rig = Rig::default();
    rig.add([1, 2], Placement::Last);
    assert_eq!(rig.line(), "1 2 |");
    assert!(!rig.sounds());
    rig.give(Input::Toggle);
    assert_eq!(rig.line(), "[1] 2 |");
    assert_eq!(rig.player.queue().context(), Some(&Context::Queue));
    // A queue put together by hand repeats as a whole.
    rig.give(Input::SetRepeat { repeat: Repeat::All });
    rig.give(Input::Next);
    rig.give(Input::Next);
    assert_eq!(rig.line(), "[1] | 2");
}

#[test]
fn previous_restarts_after_three_seconds() {
    let mut rig = playing(3);
    rig.give(Input::Next);
    rig.listen(3_250);
    rig.give(Input::Previous);
    assert_eq!(rig.line(), "1 [2] | 3");
    assert_eq!(rig.player.view(rig.now_ms).position_ms, 0);
    rig.listen(2_000);
    rig.give(Input::Previous);
    assert_eq!(rig.line(), "[1] | 2 3");
}

#[test]
fn previous_goes_back_to_what_was_added_and_next_returns() {
    let mut rig = playing(3);
    rig.add([10, 11], Placement::Last);
    rig.give(Input::Next);
    rig.give(Input::Previous);
    assert_eq!(rig.line(), "[1] 10 11 | 2 3");
    rig.give(Input::Next);
    rig.give(Input::Next);
    rig.give(Input::Next);
    assert_eq!(rig.line(), "1 10 11 [2] | 3");
}

#[test]
fn queue_ends_on_its_last_track_and_plays_it_again() {
    let mut rig = playing(2);
    rig.track_ends();
    rig.track_ends();
    assert_eq!(rig.line(), "1 [2] |");
    let view = rig.player.view(rig.now_ms);
    assert!(!view.wants_play && !view.has_next);
    assert_eq!(view.position_ms, 0);
    rig.give(Input::Resume);
    assert!(rig.sounds());
    assert_eq!(rig.line(), "1 [2] |");
}

#[test]
fn next_at_the_end_stops_and_repeat_all_begins_again() {
    let mut rig = playing(2);
    rig.give(Input::Next);
    rig.give(Input::Next);
    assert!(!rig.sounds());
    rig.give(Input::Resume);
    rig.give(Input::SetRepeat { repeat: Repeat::All });
    rig.give(Input::Next);
    assert_eq!(rig.line(), "[1] | 2");
    assert!(rig.sounds());
}

#[test]
fn repeat_one_loops_without_a_gap_and_lets_the_listener_go_on() {
    let mut rig = playing(2);
    rig.give(Input::SetRepeat { repeat: Repeat::One });
    let prepared = rig.prepared();
    assert_eq!(prepared, Some(track(1)));
    rig.track_ends();
    rig.track_ends();
    assert_eq!(rig.line(), "[1] | 2");
    rig.give(Input::Next);
    assert_eq!(rig.line(), "1 [2] |");
}

#[test]
fn what_was_added_to_a_context_plays_once_even_when_all_repeats() {
    let mut rig = playing(2);
    rig.give(Input::SetRepeat { repeat: Repeat::All });
    rig.add([10], Placement::Last);
    for _ in 0..3 {
        rig.track_ends();
    }
    assert_eq!(rig.line(), "[1] | 2");
}

#[test]
fn next_while_paused_stays_paused_and_a_row_pressed_plays() {
    let mut rig = playing(3);
    rig.give(Input::Pause);
    rig.give(Input::Next);
    assert!(!rig.sounds());
    assert_eq!(rig.line(), "1 [2] | 3");
    rig.jump(3);
    assert!(rig.sounds());
    assert_eq!(rig.line(), "1 2 [3] |");
}

#[test]
fn jump_keeps_what_was_added_unless_it_is_jumped_over() {
    let mut rig = playing(4);
    rig.add([10, 11], Placement::Last);
    rig.jump(3);
    assert_eq!(rig.line(), "1 2 [3] 10 11 | 4");
    rig.jump(11);
    assert_eq!(rig.line(), "1 2 3 10 [11] | 4");
}

#[test]
fn removing_what_plays_goes_on_and_undo_comes_back_to_the_place() {
    let mut rig = playing(3);
    rig.give(Input::Next);
    rig.listen(20_000);
    rig.remove(&[2]);
    assert_eq!(rig.line(), "1 [3] |");
    assert!(rig.sounds());
    rig.give(Input::Undo);
    assert_eq!(rig.line(), "1 [2] | 3");
    assert!(rig.sounds());
    assert_eq!(rig.loaded_at_ms(), 20_000);
    rig.remove(&[2, 3]);
    assert_eq!(rig.line(), "1 |");
    assert!(!rig.sounds());
    rig.give(Input::Undo);
    assert_eq!(rig.line(), "1 [2] | 3");
    assert!(rig.sounds());
}

#[test]
fn undo_of_a_removal_does_not_interrupt_what_plays_now() {
    let mut rig = playing(5);
    rig.add([10], Placement::Last);
    rig.remove(&[4]);
    rig.track_ends();
    rig.track_ends();
    assert_eq!(rig.line(), "1 10 [2] | 3 5");
    let n_loads = rig.n_loads;
    rig.give(Input::Undo);
    assert_eq!(rig.line(), "1 10 [2] | 3 4 5");
    assert_eq!(rig.n_loads, n_loads);
    // And the one before that: the added track has been heard, and is forgotten.
    rig.give(Input::Undo);
    assert_eq!(rig.line(), "1 [2] | 3 4 5");
}

#[test]
fn undo_of_another_context_returns_to_the_old_one_at_its_place() {
    let mut rig = playing(3);
    rig.listen(50_000);
    rig.play(7..=9, None, true);
    rig.give(Input::Undo);
    assert_eq!(rig.line(), "[1] | 2 3");
    assert_eq!(rig.loaded_at_ms(), 50_000);
    assert!(!rig.player.view(rig.now_ms).is_shuffled);
}

#[test]
fn undo_of_a_removal_keeps_a_shuffle_made_since() {
    let mut rig = playing(5);
    rig.remove(&[3]);
    rig.give(Input::SetShuffle { is_shuffled: true });
    rig.give(Input::Undo);
    assert!(rig.player.view(rig.now_ms).is_shuffled);
    rig.give(Input::SetShuffle { is_shuffled: false });
    assert_eq!(rig.line(), "[1] | 2 3 4 5");
}

#[test]
fn shuffle_leaves_what_plays_and_what_was_added_and_brings_in_what_was_not_heard() {
    let mut rig = Rig::default();
    rig.play(1..=9, Some(4), false);
    rig.add([10], Placement::Last);
    rig.give(Input::SetShuffle { is_shuffled: true });
    let line = rig.line();
    assert!(line.starts_with("[5] 10 | "), "{line}");
    assert_eq!(rig.player.queue().n_upcoming(), 9);
    rig.give(Input::SetShuffle { is_shuffled: false });
    assert_eq!(rig.line(), "1 2 3 4 [5] 10 | 6 7 8 9");
}

#[test]
fn shuffle_with_nothing_current_is_undone_too() {
    let mut rig = Rig::default();
    rig.play(1..=3, Some(2), false);
    rig.remove(&[3]);
    assert_eq!(rig.line(), "1 2 |");
    rig.give(Input::SetShuffle { is_shuffled: true });
    rig.give(Input::SetShuffle { is_shuffled: false });
    assert_eq!(rig.line(), "1 2 |");
}

#[test]
fn unshuffle_after_some_tracks_goes_on_from_the_one_that_plays() {
    let mut rig = playing(9);
    rig.give(Input::SetShuffle { is_shuffled: true });
    rig.give(Input::Next);
    rig.give(Input::Next);
    let current = rig.current();
    rig.give(Input::SetShuffle { is_shuffled: false });
    let before = (1..current).map(|n| n.to_string()).collect::<Vec<_>>().join(" ");
    let after = (current + 1..=9).map(|n| n.to_string()).collect::<Vec<_>>().join(" ");
    let line = format!("{before} [{current}] | {after}");
    assert_eq!(rig.line(), line.trim());
}

#[test]
fn tracks_moved_across_the_border_change_their_part() {
    let mut rig = playing(4);
    rig.add([10, 11], Placement::Last);
    rig.move_before(3, Some(10));
    assert_eq!(rig.line(), "[1] 3 10 11 | 2 4");
    rig.move_before(11, None);
    assert_eq!(rig.line(), "[1] 3 10 | 2 4 11");
    rig.move_before(4, Some(2));
    assert_eq!(rig.line(), "[1] 3 10 | 4 2 11");
    rig.move_before(3, Some(4));
    assert_eq!(rig.line(), "[1] 10 3 | 4 2 11");
}

#[test]
fn clear_forgets_what_comes_even_when_all_repeats() {
    let mut rig = playing(4);
    rig.give(Input::SetRepeat { repeat: Repeat::All });
    rig.give(Input::Next);
    rig.give(Input::Clear);
    assert_eq!(rig.line(), "1 [2] |");
    assert!(rig.sounds());
    rig.track_ends();
    assert_eq!(rig.line(), "1 [2] |");
    rig.give(Input::Undo);
    assert_eq!(rig.line(), "1 [2] | 3 4");
}

#[test]
fn next_is_prepared_ahead_whenever_it_changes() {
    let mut rig = playing(3);
    assert_eq!(rig.prepared(), Some(track(2)));
    rig.add([10], Placement::Next);
    assert_eq!(rig.prepared(), Some(track(10)));
    rig.remove(&[10]);
    assert_eq!(rig.prepared(), Some(track(2)));
    rig.give(Input::Clear);
    assert_eq!(rig.prepared(), None);
    rig.give(Input::SetRepeat { repeat: Repeat::All });
    assert_eq!(rig.prepared(), Some(track(1)));
}

#[test]
fn engine_that_advanced_to_what_was_removed_is_set_right() {
    let mut rig = playing(3);
    let stale = rig.prepared_token();
    rig.remove(&[2]);
    let loaded = rig.loaded_token();
    rig.give(Input::Engine(EngineNews::Advanced { from: loaded, to: stale }));
    assert_eq!(rig.line(), "1 [3] |");
    assert_eq!(rig.loaded_track(), Some(track(3)));
}

#[test]
fn broken_track_is_skipped_and_broken_queues_end() {
    let mut rig = playing(3);
    rig.fail("cut short");
    assert_eq!(rig.line(), "1 [2] | 3");
    let skipped = |effect: &Effect| matches!(effect, Effect::Notify(Notice::Skipped { .. }));
    assert!(rig.last.iter().any(skipped));

    let mut rig = playing(200);
    rig.give(Input::SetRepeat { repeat: Repeat::All });
    rig.is_broken = true;
    rig.give(Input::Next);
    assert_eq!(rig.n_failed, 20);
    assert!(rig.player.has_failed() && !rig.sounds());
    // The listener may try again.
    rig.is_broken = false;
    rig.give(Input::Next);
    rig.give(Input::Resume);
    assert!(rig.sounds());

    let mut rig = playing(1);
    rig.give(Input::SetRepeat { repeat: Repeat::All });
    rig.fail("gone");
    assert!(matches!(rig.player.view(0).status, Status::Failed { .. }));
}

/// A file without a sample in it ended as soon as it began, and a queue on repeat went round and
/// round without a sound.
#[test]
fn track_that_ends_without_a_sound_has_failed() {
    for repeat in [Repeat::One, Repeat::All] {
        let mut rig = Rig::default();
        rig.is_silent = true;
        rig.give(Input::SetRepeat { repeat });
        rig.play(1..=3, None, false);
        let view = rig.player.view(rig.now_ms);
        assert!(!view.wants_play, "{repeat:?}");
        assert!(matches!(&view.status, Status::Failed { reason } if reason.contains("no sound")));
        assert!(rig.n_loads <= 3, "{repeat:?}: {} loads", rig.n_loads);
    }
}

#[test]
fn track_left_at_its_very_end_ends_there_and_the_next_one_plays() {
    let mut rig = playing(2);
    rig.listen(60_000);
    let mut rig = Rig::restored(&rig.player.snapshot(rig.now_ms));
    rig.is_silent = true;
    rig.give(Input::Resume);
    assert_eq!(rig.line(), "1 [2] |");
}

/// A damaged file is worth its sound: a queue on repeat goes on behind it, and says so once.
#[test]
fn track_that_broke_off_repeats_and_is_told_once() {
    for (repeat, n) in [(Repeat::One, 2), (Repeat::All, 1)] {
        let mut rig = playing(n);
        rig.give(Input::SetRepeat { repeat });
        rig.listen(70_000);
        rig.fail("cut off");
        let told = |rig: &Rig| {
            let is_told = |effect: &&Effect| {
                matches!(effect, Effect::Notify(Notice::Skipped { was_heard: true, .. }))
            };
            rig.last.iter().filter(is_told).count()
        };
        assert_eq!((told(&rig), rig.current()), (1, 1));
        assert!(rig.sounds());
        rig.listen(70_000);
        rig.fail("cut off");
        assert_eq!(told(&rig), 0);
        assert!(rig.sounds());
    }
}

#[test]
fn play_is_recorded_when_it_counts_and_when_it_is_over() {
    let mut rig = playing(2);
    rig.listen(10_000);
    rig.give(Input::Pause);
    rig.now_ms += 3_600_000;
    rig.give(Input::Resume);
    rig.listen(25_000);
    assert_eq!(rig.plays.len(), 1);
    assert!(!rig.plays[0].is_over);
    rig.give(Input::Next);
    assert_eq!(rig.plays.len(), 2);
    assert_eq!(rig.plays[1].id, rig.plays[0].id);
    assert_eq!(rig.plays[1].listened_ms, 35_000);
    assert!(rig.plays[1].is_over);
    // Skipped through: nothing to speak of.
    rig.listen(1_000);
    rig.give(Input::Unload);
    assert_eq!(rig.plays.len(), 2);
}

#[test]
fn late_positions_from_before_a_seek_do_not_count() {
    let mut rig = playing(1);
    rig.listen(1_000);
    rig.give(Input::Seek { position_ms: 90_000 });
    let token = rig.loaded_token();
    let late = EngineNews::Position { token, position_ms: 1_250, buffered_ms: 9_000 };
    rig.give(Input::Engine(late));
    assert_eq!(rig.player.view(rig.now_ms).position_ms, 90_000);
    rig.position_ms = 90_000;
    rig.listen(500);
    assert_eq!(rig.player.view(rig.now_ms).position_ms, 90_500);
}

#[test]
fn restart_restores_queue_and_position_paused() {
    let mut rig = playing(3);
    rig.add([10], Placement::Last);
    rig.listen(42_000);
    let snapshot = rig.player.snapshot(rig.now_ms);
    let mut rig = Rig::restored(&snapshot);
    assert_eq!(rig.line(), "[1] 10 | 2 3");
    assert!(!rig.sounds());
    assert_eq!(rig.player.view(rig.now_ms).position_ms, 42_000);
    rig.give(Input::Toggle);
    assert!(rig.sounds());
    assert_eq!(rig.loaded_at_ms(), 42_000);
}

#[test]
fn impossible_wishes_are_refused_and_change_nothing() {
    let mut rig = playing(2);
    let before = rig.player.snapshot(rig.now_ms);
    let unknown = domain::queue::EntryId(999);
    for (wish, refusal) in [
        (Input::Jump { entry: unknown }, Refusal::UnknownEntry),
        (Input::Remove { entries: vec![unknown] }, Refusal::UnknownEntry),
        (Input::Move { entry: unknown, before: None }, Refusal::UnknownEntry),
        (Input::Add { tracks: vec![], placement: Placement::Next }, Refusal::NoTracks),
        (
            Input::Add { tracks: vec![track(1); 50_001], placement: Placement::Last },
            Refusal::QueueFull,
        ),
    ] {
        rig.give(wish);
        assert_eq!(rig.last, [Effect::Refuse(refusal)]);
    }
    assert_eq!(rig.player.snapshot(rig.now_ms), before);
}

#[test]
fn more_of_a_context_comes_at_its_end_and_survives_an_undo() {
    let mut rig = playing(2);
    let lot = rig.player.queue().lot();
    rig.add([10], Placement::Last);
    rig.extend([3, 4]);
    assert_eq!(rig.line(), "[1] 10 | 2 3 4");
    rig.give(Input::Undo);
    assert_eq!(rig.line(), "[1] | 2 3 4");
    rig.give(Input::Clear);
    rig.give(Input::Extend { lot, tracks: vec![track(5)] });
    assert_eq!(rig.line(), "[1] |");
    rig.give(Input::Undo);
    assert_eq!(rig.line(), "[1] | 2 3 4 5");
}

#[test]
fn more_of_a_context_that_is_over_is_refused() {
    let mut rig = playing(2);
    let lot = rig.player.queue().lot();
    for start in 0..60 {
        rig.play([7, 8], Some(start % 2), false);
    }
    rig.give(Input::Extend { lot, tracks: vec![track(3)] });
    assert!(rig.last.contains(&Effect::Refuse(Refusal::UnknownContext)), "{:?}", rig.last);
    assert_eq!(rig.line(), "7 [8] |");
}

#[test]
fn more_of_a_shuffled_context_is_mixed_in_and_has_its_place_in_the_order() {
    let mut rig = Rig::default();
    rig.play(1..=200, Some(0), true);
    rig.extend(201..=400);
    let upcoming = |rig: &Rig| -> Vec<_> {
        rig.player.queue().upcoming().map(|(entry, _)| entry.track).collect()
    };
    let late: Vec<_> = (201..=400).map(track).collect();
    let n_late_first = upcoming(&rig)[..200].iter().filter(|id| late.contains(id)).count();
    assert!((60..=140).contains(&n_late_first), "{n_late_first}");
    rig.give(Input::SetShuffle { is_shuffled: false });
    assert_eq!(upcoming(&rig), (2..=400).map(track).collect::<Vec<_>>());
}
