//! Which rows of a table are selected.

use std::collections::BTreeSet;

/// Some rows by where they stand, or all there are: of a long list most are not here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Chosen {
    All,
    Rows(BTreeSet<usize>),
}

impl Default for Chosen {
    fn default() -> Self {
        Self::Rows(BTreeSet::new())
    }
}

impl Chosen {
    pub fn only(idx: usize) -> Self {
        Self::Rows(BTreeSet::from([idx]))
    }

    pub fn contains(&self, idx: usize) -> bool {
        match self {
            Self::All => true,
            Self::Rows(rows) => rows.contains(&idx),
        }
    }

    /// Adds a row or takes it out; `here` are the rows that can be told one by one.
    pub fn toggle(&mut self, idx: usize, here: impl Iterator<Item = usize>) {
        if *self == Self::All {
            *self = Self::Rows(here.collect());
        }
        if let Self::Rows(rows) = self
            && !rows.remove(&idx)
        {
            rows.insert(idx);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_taken_out_of_all_leaves_those_that_are_known() {
        let mut chosen = Chosen::All;
        assert!(chosen.contains(40_000));
        chosen.toggle(1, 0..3);
        assert_eq!(chosen, Chosen::Rows(BTreeSet::from([0, 2])));
        chosen.toggle(1, 0..3);
        assert!(chosen.contains(1) && !chosen.contains(40_000));
    }
}
