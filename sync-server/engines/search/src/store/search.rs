//! Carrying out a plan.

use std::collections::HashSet;

use tantivy::{DocId, DocSet, TERMINATED, postings::SegmentPostings};
use uuid::Uuid;

use super::{
    near::Slips,
    view::{Segment, View},
};
use crate::{
    document::{Kind, RANK_MAX, Scope},
    query::{Clause, Grade, N_GRADES, Query, Tier, Way},
};

/// With fewer results than this, what was typed may have been a slip.
const FEW: usize = 5;
/// Words that are not found side by side by chance: one result is enough then.
const TELLING_WORDS: usize = 3;
/// Most steps a search takes through the documents of one segment for one way to match. Where
/// words meet seldom, the rest of a huge segment is not worth the listener's time.
const STEPS_MAX: usize = 20_000;
/// Most other spacings of a query that are tried.
const RESPACED_MAX: usize = 3;

/// Something found.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Hit {
    pub id: Uuid,
    pub grade: Grade,
    /// Higher is better; the grade comes first, then the rank.
    pub score: f32,
}

/// What was found of each kind, best first.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Found {
    pub tracks: Vec<Hit>,
    pub artists: Vec<Hit>,
    pub releases: Vec<Hit>,
    /// The kind whose first hit is best of all. Of equally good ones the artist is meant.
    pub top: Option<Kind>,
}

impl View {
    /// At most `limit` documents of each kind.
    pub fn search(&self, query: &Query, limit: usize) -> tantivy::Result<Found> {
        if query.words.is_empty() || limit == 0 {
            return Ok(Found::default());
        }
        let mut groups = Kind::ALL.map(|kind| Group::new(self, kind, limit));
        for group in &mut groups {
            group.run(query.tiers(group.kind))?;
        }
        if may_be_a_slip(query, &groups) {
            let slips = Slips::new(&self.fields, query, 1)?;
            for group in groups.iter_mut().filter(|group| group.hits.len() < FEW) {
                group.run_near(&slips, query)?;
            }
        }
        if groups.iter().all(|group| group.hits.is_empty()) {
            let slips = Slips::new(&self.fields, query, 2)?;
            for group in &mut groups {
                let forms = self.near_forms(group.kind, &slips)?;
                group.run(query.near_tiers(group.kind, &forms, &[]))?;
            }
        }
        if groups.iter().all(|group| group.hits.is_empty()) {
            let slips = Slips::new(&self.fields, query, 1)?;
            for group in &mut groups {
                let forms = self.near_forms(group.kind, &slips)?;
                group.run(query.part_tiers(&forms))?;
            }
        }
        Ok(found(groups))
    }
}

/// Whether there is so little of what was typed that something else may have been meant.
fn may_be_a_slip(query: &Query, groups: &[Group<'_>]) -> bool {
    let mut hits = groups.iter().flat_map(|group| &group.hits);
    let few = if query.words.len() < TELLING_WORDS { FEW } else { 1 };
    hits.clone().count() < few && !hits.any(|hit| hit.grade == Grade::Exact)
}

fn found(groups: [Group<'_>; 3]) -> Found {
    let best = |group: &Group<'_>| group.hits.first().map(|hit| (hit.grade, group.kind));
    let favour = |kind: Kind| match kind {
        Kind::Artist => 0,
        Kind::Track => 1,
        Kind::Release => 2,
    };
    let top = groups.iter().filter_map(best).min_by_key(|(grade, kind)| (*grade, favour(*kind)));
    let [tracks, artists, releases] = groups.map(|group| group.hits);
    Found { tracks, artists, releases, top: top.map(|(_, kind)| kind) }
}

/// What has been found of one kind.
struct Group<'a> {
    view: &'a View,
    kind: Kind,
    limit: usize,
    hits: Vec<Hit>,
    /// Segment and document of each hit.
    seen: HashSet<(usize, DocId)>,
}

impl<'a> Group<'a> {
    fn new(view: &'a View, kind: Kind, limit: usize) -> Self {
        Self { view, kind, limit, hits: Vec::new(), seen: HashSet::new() }
    }

    /// Runs tier after tier until there are enough hits.
    fn run(&mut self, tiers: Vec<Tier>) -> tantivy::Result<()> {
        for tier in tiers {
            if self.hits.len() >= self.limit {
                break;
            }
            self.run_tier(&tier)?;
        }
        Ok(())
    }

    fn run_near(&mut self, slips: &Slips<'_>, query: &Query) -> tantivy::Result<()> {
        let respaced = query.respaced(|term| self.is_known(term));
        for query in respaced.into_iter().take(RESPACED_MAX) {
            let forms = query.forms();
            self.run(query.near_tiers(self.kind, &forms, &[query.key().to_owned()]))?;
        }
        let forms = self.view.near_forms(self.kind, slips)?;
        let keys = self.view.near_keys(self.kind, slips)?;
        self.run(query.near_tiers(self.kind, &forms, &keys))?;
        // Other spacings and slips are equally good, so that rank decides between them.
        self.hits.sort_by(|one, two| two.score.total_cmp(&one.score).then(one.id.cmp(&two.id)));
        Ok(())
    }

    fn is_known(&self, term: &str) -> bool {
        let has = |segment: &Segment| {
            let terms = segment.index(self.kind, Scope::Any).terms();
            terms.term_ord(term).is_ok_and(|ord| ord.is_some())
        };
        self.view.segments.iter().any(has)
    }

    fn run_tier(&mut self, tier: &Tier) -> tantivy::Result<()> {
        let wanted = self.limit - self.hits.len();
        let mut hits = Vec::new();
        for (segment_idx, segment) in self.view.segments.iter().enumerate() {
            for way in &tier.ways {
                let Some(mut streams) = streams(segment, self.kind, way)? else {
                    continue;
                };
                let mut n_left = wanted;
                meet(&mut streams, |doc| {
                    if segment.is_alive(doc) && self.seen.insert((segment_idx, doc)) {
                        hits.push((segment.rank(doc), segment.id(doc)));
                        n_left -= 1;
                    }
                    n_left > 0
                });
            }
        }
        hits.sort_by(|(one, id_one), (two, id_two)| two.cmp(one).then(id_one.cmp(id_two)));
        hits.truncate(wanted);
        let grade = tier.grade;
        self.hits.extend(hits.into_iter().map(|(rank, id)| Hit {
            id,
            grade,
            score: score(grade, rank),
        }));
        Ok(())
    }
}

fn score(grade: Grade, rank: u64) -> f32 {
    f32::from(N_GRADES - grade as u8) + rank as f32 / (RANK_MAX + 1) as f32
}

/// The documents for which one clause holds.
struct Stream {
    /// Documents of each term; empty ones are left out.
    terms: Vec<SegmentPostings>,
}

/// The documents of each clause of a way; `None` where one has none.
fn streams(segment: &Segment, kind: Kind, way: &Way) -> tantivy::Result<Option<Vec<Stream>>> {
    let stream = |clause: &Clause| -> tantivy::Result<Stream> {
        let mut terms = Vec::new();
        for term in clause {
            terms.extend(segment.postings(kind, term.scope, &term.text)?);
        }
        Ok(Stream { terms })
    };
    let mut streams = Vec::with_capacity(way.len());
    for clause in way {
        let stream = stream(clause)?;
        if stream.terms.is_empty() {
            return Ok(None);
        }
        streams.push(stream);
    }
    Ok(Some(streams).filter(|streams| !streams.is_empty()))
}

impl Stream {
    fn doc(&self) -> DocId {
        self.terms.iter().map(DocSet::doc).min().unwrap_or(TERMINATED)
    }

    /// The first document from `target` on.
    fn seek(&mut self, target: DocId) -> DocId {
        let mut first = TERMINATED;
        for term in &mut self.terms {
            let doc = if term.doc() < target { term.seek(target) } else { term.doc() };
            first = first.min(doc);
        }
        first
    }

    fn n_documents(&self) -> u64 {
        self.terms.iter().map(|term| u64::from(term.size_hint())).sum()
    }
}

/// Calls `visit` with the documents that all streams have, in order, until it says no.
fn meet(streams: &mut [Stream], mut visit: impl FnMut(DocId) -> bool) {
    streams.sort_by_key(Stream::n_documents);
    let Some((rarest, others)) = streams.split_first_mut() else {
        return;
    };
    let mut doc = rarest.doc();
    for _ in 0..STEPS_MAX {
        if doc >= TERMINATED {
            return;
        }
        let ahead = others.iter_mut().map(|s| s.seek(doc)).find(|&other| other > doc);
        doc = match ahead {
            Some(TERMINATED..) => return,
            Some(other) => rarest.seek(other),
            None if visit(doc) => rarest.seek(doc + 1),
            None => return,
        };
    }
}
