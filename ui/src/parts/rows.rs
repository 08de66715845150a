//! The rows of a list of which parts are here and parts are not.

use std::collections::BTreeMap;

/// Rows in one page: the most the server gives.
pub const PAGE_ROWS: usize = 200;

/// A list of `len` rows, held in pages.
#[derive(Clone, PartialEq, Debug)]
pub struct Rows<T> {
    pages: BTreeMap<usize, Vec<T>>,
    len: usize,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { pages: BTreeMap::new(), len: 0 }
    }
}

impl<T> From<Vec<T>> for Rows<T> {
    fn from(rows: Vec<T>) -> Self {
        let mut list = Self { len: rows.len(), ..Self::default() };
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            let page = rows.by_ref().take(PAGE_ROWS).collect();
            list.pages.insert(list.pages.len(), page);
        }
        list
    }
}

impl<T> Rows<T> {
    /// A list whose rows come later.
    pub fn coming(len: usize) -> Self {
        Self { len, ..Self::default() }
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn get(&self, idx: usize) -> Option<&T> {
        self.pages.get(&(idx / PAGE_ROWS)).and_then(|page| page.get(idx % PAGE_ROWS))
    }

    pub fn put(&mut self, page_idx: usize, rows: Vec<T>) {
        self.pages.insert(page_idx, rows);
    }

    /// Forgets all pages but these.
    pub fn keep_pages(&mut self, is_kept: impl Fn(usize) -> bool) {
        self.pages.retain(|page_idx, _| is_kept(*page_idx));
    }

    /// The list turned out shorter than it was counted.
    pub fn end_at(&mut self, len: usize) {
        self.len = len;
    }

    /// Rows from `first` on, up to the first that is not here.
    pub fn here_from(&self, first: usize) -> impl Iterator<Item = &T> {
        (first..self.len).map_while(|idx| self.get(idx))
    }

    /// The rows that are here, with where they stand.
    pub fn here(&self) -> impl Iterator<Item = (usize, &T)> {
        self.pages.iter().flat_map(|(page_idx, page)| {
            page.iter().enumerate().map(move |(idx, row)| (page_idx * PAGE_ROWS + idx, row))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_where_they_did_in_the_whole() {
        let rows = Rows::from((0..450).collect::<Vec<_>>());
        assert_eq!(rows.len(), 450);
        assert_eq!((rows.get(0), rows.get(200), rows.get(449)), (Some(&0), Some(&200), Some(&449)));
        assert_eq!(rows.get(450), None);
        assert_eq!(
            rows.here().map(|(idx, _)| idx).collect::<Vec<_>>(),
            (0..450).collect::<Vec<_>>()
        );
    }

    #[test]
    fn what_is_not_here_ends_what_is() {
        let mut rows = Rows::coming(450);
        rows.put(0, (0..200).collect());
        rows.put(2, (400..450).collect());
        assert_eq!(rows.here_from(190).count(), 10);
        assert_eq!(rows.here_from(200).count(), 0);
        assert_eq!(
            rows.here_from(400).copied().collect::<Vec<_>>(),
            (400..450).collect::<Vec<_>>()
        );
        assert_eq!(rows.get(300), None);
    }
}
