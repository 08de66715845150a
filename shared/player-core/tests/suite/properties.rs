//! What holds after any inputs in any order.

use std::collections::{BTreeSet, HashSet};

use crate::rig::Rig;
use domain::queue::{EntryId, Repeat};
use player_core::{Input, Placement, QUEUE_MAX, Snapshot};
use proptest::prelude::*;

/// An input that names entries by their place, whatever the queue is then.
#[derive(Clone, Debug)]
enum Step {
    Play { n: u64, start: Option<usize>, is_shuffled: bool },
    Add { n: u64, placement: Placement },
    Extend(u64),
    Jump(usize),
    Remove(Vec<usize>),
    Move(usize, Option<usize>),
    Clear,
    Undo,
    Shuffle(bool),
    Repeat(Repeat),
    Next,
    Previous,
    Toggle,
    Seek(u64),
    Listen(u64),
    Ends,
    Fails,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let placement = prop_oneof![Just(Placement::Next), Just(Placement::Last)];
    let repeat = prop_oneof![Just(Repeat::Off), Just(Repeat::All), Just(Repeat::One)];
    prop_oneof![
        1 => (1..12_u64, prop::option::of(0..14_usize), any::<bool>())
            .prop_map(|(n, start, is_shuffled)| Step::Play { n, start, is_shuffled }),
        2 => (1..4_u64, placement).prop_map(|(n, placement)| Step::Add { n, placement }),
        1 => (1..6_u64).prop_map(Step::Extend),
        2 => (0..20_usize).prop_map(Step::Jump),
        2 => prop::collection::vec(0..20_usize, 1..4).prop_map(Step::Remove),
        3 => (0..20_usize, prop::option::of(0..20_usize)).prop_map(|(a, b)| Step::Move(a, b)),
        1 => Just(Step::Clear),
        2 => Just(Step::Undo),
        2 => any::<bool>().prop_map(Step::Shuffle),
        1 => repeat.prop_map(Step::Repeat),
        4 => Just(Step::Next),
        3 => Just(Step::Previous),
        2 => Just(Step::Toggle),
        1 => (0..200_000_u64).prop_map(Step::Seek),
        1 => (0..5_000_u64).prop_map(Step::Listen),
        3 => Just(Step::Ends),
        1 => Just(Step::Fails),
        1 => Just(Step::Restart),
    ]
}

/// Entries in the order past, current, what comes.
fn line(rig: &Rig) -> Vec<EntryId> {
    let queue = rig.player.queue();
    let upcoming = queue.upcoming().map(|(entry, _)| entry.id);
    queue
        .past()
        .iter()
        .map(|entry| entry.id)
        .chain(queue.current().map(|e| e.id))
        .chain(upcoming)
        .collect()
}

fn at(rig: &Rig, idx: usize) -> EntryId {
    let line = line(rig);
    line.get(idx % line.len().max(1)).copied().unwrap_or(EntryId(u64::MAX))
}

fn upcoming_at(rig: &Rig, idx: usize) -> EntryId {
    let n = rig.player.queue().n_upcoming();
    let window = rig.player.queue().window(idx % n.max(1), 1);
    window.first().map_or(EntryId(u64::MAX), |(entry, _)| entry.id)
}

fn input(rig: &Rig, step: &Step) -> Option<Input> {
    Some(match step {
        Step::Jump(idx) => Input::Jump { entry: at(rig, *idx) },
        Step::Remove(idxs) => Input::Remove { entries: idxs.iter().map(|i| at(rig, *i)).collect() },
        Step::Move(idx, before) => Input::Move {
            entry: upcoming_at(rig, *idx),
            before: before.map(|idx| upcoming_at(rig, idx)),
        },
        Step::Clear => Input::Clear,
        Step::Undo => Input::Undo,
        Step::Shuffle(is_shuffled) => Input::SetShuffle { is_shuffled: *is_shuffled },
        Step::Repeat(repeat) => Input::SetRepeat { repeat: *repeat },
        Step::Next => Input::Next,
        Step::Previous => Input::Previous,
        Step::Toggle => Input::Toggle,
        Step::Seek(position_ms) => Input::Seek { position_ms: *position_ms },
        _ => return None,
    })
}

fn take(rig: &mut Rig, step: &Step) {
    rig.now_ms += 10;
    match step {
        Step::Play { n, start, is_shuffled } => rig.play(1..=*n, *start, *is_shuffled),
        Step::Add { n, placement } => rig.add(100..100 + n, *placement),
        Step::Extend(n) => rig.extend(200..200 + n),
        Step::Listen(ms) if rig.sounds() => rig.listen(*ms),
        Step::Ends if rig.sounds() => rig.track_ends(),
        Step::Fails if rig.sounds() => rig.fail("broken"),
        Step::Restart => {
            let mut fresh = Rig::restored(&rig.player.snapshot(rig.now_ms));
            (fresh.now_ms, fresh.seed) = (rig.now_ms, rig.seed);
            *rig = fresh;
        }
        step => {
            if let Some(input) = input(rig, step) {
                rig.give(input);
            }
        }
    }
}

fn rig_after(steps: &[Step]) -> Rig {
    let mut rig = Rig::default();
    for step in steps {
        take(&mut rig, step);
    }
    rig
}

/// What a listener sees of a snapshot: ids are never used again, and so go on counting.
fn seen(mut snapshot: Snapshot) -> Snapshot {
    snapshot.next_entry = 0;
    snapshot.next_round = None;
    snapshot
}

fn check_sound(rig: &Rig) {
    let ids = line(rig);
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len(), "an entry stands twice");
    let view = rig.player.view(rig.now_ms);
    if rig.sounds() {
        let current = rig.player.queue().current().expect("what sounds is current");
        assert_eq!(rig.loaded_track(), Some(current.track));
        assert!(view.wants_play);
    }
    if view.wants_play {
        assert!(rig.sounds(), "wants to play, and nothing is loaded");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, ..ProptestConfig::default() })]

    #[test]
    fn every_state_is_sound_and_the_prepared_track_is_the_next(
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let mut rig = Rig::default();
        for step in &steps {
            take(&mut rig, step);
            check_sound(&rig);
            if rig.sounds() {
                let prepared = rig.prepared();
                let mut twin = rig_after(&[]);
                twin.player = player_core::Player::restore(&rig.player.snapshot(rig.now_ms));
                twin.give(Input::Resume);
                twin.track_ends();
                let follows = twin.sounds().then(|| twin.loaded_track()).flatten();
                prop_assert_eq!(prepared, follows, "after {:?}", step);
            }
        }
    }

    #[test]
    fn shuffle_is_undone_exactly(steps in prop::collection::vec(step(), 1..40)) {
        let mut rig = rig_after(&steps);
        rig.give(Input::SetShuffle { is_shuffled: false });
        let before = seen(rig.player.snapshot(rig.now_ms));
        rig.give(Input::SetShuffle { is_shuffled: true });
        let mixed = line(&rig);
        rig.give(Input::SetShuffle { is_shuffled: false });
        prop_assert_eq!(seen(rig.player.snapshot(rig.now_ms)), before);
        let now: BTreeSet<_> = line(&rig).into_iter().collect();
        prop_assert_eq!(now, mixed.into_iter().collect::<BTreeSet<_>>());
    }

    #[test]
    fn undo_is_the_inverse_of_every_change(
        steps in prop::collection::vec(step(), 1..40),
        changes in prop::collection::vec(step(), 1..8),
    ) {
        let mut rig = rig_after(&steps);
        let mut stack = Vec::new();
        for change in &changes {
            let is_change = matches!(
                change,
                Step::Add { .. } | Step::Remove(_) | Step::Move(..) | Step::Clear | Step::Play { .. }
            );
            if !is_change {
                continue;
            }
            let before = rig.player.snapshot(rig.now_ms);
            let is_empty = rig.player.queue().n_upcoming() == 0;
            take(&mut rig, change);
            let is_refused = rig.last.iter().any(|e| matches!(e, player_core::Effect::Refuse(_)));
            let is_nothing = matches!(change, Step::Clear) && is_empty;
            if !is_refused && !is_nothing {
                stack.push(before);
            }
        }
        while let Some(before) = stack.pop() {
            rig.give(Input::Undo);
            let mut now = seen(rig.player.snapshot(rig.now_ms));
            // Music goes on while the listener thinks.
            now.position_ms = before.position_ms;
            prop_assert_eq!(now, seen(before));
        }
    }

    #[test]
    fn undo_in_the_middle_of_anything_never_interrupts_or_loses_what_plays(
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let mut rig = Rig::default();
        for step in &steps {
            let (current, n_loads) = (rig.player.queue().current(), rig.n_loads);
            take(&mut rig, step);
            if matches!(step, Step::Undo) && rig.n_loads == n_loads && rig.sounds() {
                prop_assert_eq!(rig.player.queue().current().map(|e| e.id), current.map(|e| e.id));
            }
        }
    }

    #[test]
    fn previous_after_next_is_where_one_was(steps in prop::collection::vec(step(), 1..40)) {
        let mut rig = rig_after(&steps);
        rig.give(Input::SetRepeat { repeat: Repeat::Off });
        let view = rig.player.view(rig.now_ms);
        prop_assume!(view.has_next && view.current.is_some());
        let before = (line(&rig), rig.player.queue().current().map(|e| e.id));
        rig.give(Input::Next);
        rig.give(Input::Previous);
        prop_assert_eq!((line(&rig), rig.player.queue().current().map(|e| e.id)), before);
    }

    #[test]
    fn nothing_but_removal_loses_an_entry(steps in prop::collection::vec(step(), 1..60)) {
        let mut rig = Rig::default();
        for step in &steps {
            let before: BTreeSet<_> = line(&rig).into_iter().collect();
            let is_wrap = rig.player.queue().n_upcoming() == 0;
            take(&mut rig, step);
            let after: BTreeSet<_> = line(&rig).into_iter().collect();
            match step {
                Step::Play { .. } | Step::Remove(_) | Step::Clear | Step::Undo => {}
                Step::Add { .. } | Step::Extend(_) => prop_assert!(after.is_superset(&before)),
                // A new round leaves out what was added for once.
                Step::Next | Step::Ends | Step::Fails | Step::Toggle if is_wrap => {
                    prop_assert!(after.is_subset(&before));
                }
                _ => prop_assert_eq!(after, before, "{:?}", step),
            }
        }
    }

    #[test]
    fn snapshot_survives_a_file(steps in prop::collection::vec(step(), 1..60)) {
        let rig = rig_after(&steps);
        let snapshot = rig.player.snapshot(rig.now_ms);
        let text = serde_json::to_string(&snapshot).unwrap();
        let read: Snapshot = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(&read, &snapshot);
        let restored = player_core::Player::restore(&read);
        prop_assert_eq!(restored.snapshot(rig.now_ms), snapshot);
    }
}

#[test]
fn largest_queue_takes_every_verb() {
    let n = QUEUE_MAX as u64;
    let mut rig = Rig::default();
    rig.play(1..=n, None, true);
    rig.give(Input::SetRepeat { repeat: Repeat::All });
    rig.add(1..=1_u64, Placement::Last);
    for _ in 0..30 {
        rig.give(Input::Next);
        let now = line(&rig);
        rig.give(Input::Move { entry: now[30_000], before: Some(now[10_000]) });
        rig.give(Input::Remove { entries: now[100..600].to_vec() });
    }
    rig.give(Input::SetShuffle { is_shuffled: false });
    for _ in 0..30 {
        rig.give(Input::Undo);
    }
    rig.give(Input::Jump { entry: *line(&rig).last().unwrap() });
    rig.give(Input::SetShuffle { is_shuffled: true });
    let everything = line(&rig);
    rig.give(Input::Remove { entries: everything });
    assert_eq!(line(&rig), []);
    rig.give(Input::Undo);
    check_sound(&rig);
    assert!(line(&rig).len() > QUEUE_MAX / 2);
}
