//! A sparse, bounded store of the bytes of one file.

use std::collections::BTreeMap;

/// Bytes per block.
pub const BLOCK: u64 = 64 * 1024;

/// Blocks of a file, each partly or wholly there, and which bytes are.
#[derive(Debug, Default)]
pub struct Blocks {
    blocks: BTreeMap<u64, Box<[u8]>>,
    /// Start to end of every stretch that is there; never touching each other.
    ranges: BTreeMap<u64, u64>,
}

impl Blocks {
    pub fn size_bytes(&self) -> usize {
        self.blocks.len() * BLOCK as usize
    }

    /// End of the stretch that is there from `pos` on; `pos` itself where nothing is.
    pub fn end_from(&self, pos: u64) -> u64 {
        match self.ranges.range(..=pos).next_back() {
            Some((_, end)) => pos.max(*end),
            None => pos,
        }
    }

    /// Start of the next stretch that is there behind `pos`.
    pub fn next_from(&self, pos: u64) -> Option<u64> {
        self.ranges.range(pos..).next().map(|(start, _)| *start)
    }

    /// Copies what is there at `pos`, up to the end of a block; says how many bytes.
    pub fn read(&self, pos: u64, out: &mut [u8]) -> usize {
        let n_there = (self.end_from(pos) - pos).min(BLOCK - pos % BLOCK);
        let n = out.len().min(n_there as usize);
        let Some(block) = self.blocks.get(&(pos / BLOCK)) else { return 0 };
        let offset = (pos % BLOCK) as usize;
        out[..n].copy_from_slice(&block[offset..offset + n]);
        n
    }

    pub fn write(&mut self, mut pos: u64, mut bytes: &[u8]) {
        self.mark(pos, pos + bytes.len() as u64);
        while !bytes.is_empty() {
            let block = self
                .blocks
                .entry(pos / BLOCK)
                .or_insert_with(|| vec![0; BLOCK as usize].into_boxed_slice());
            let offset = (pos % BLOCK) as usize;
            let n = bytes.len().min(block.len() - offset);
            block[offset..offset + n].copy_from_slice(&bytes[..n]);
            pos += n as u64;
            bytes = &bytes[n..];
        }
    }

    /// Drops blocks until at most `max_bytes` are kept: first those that were read longest ago
    /// in the file's order, then the farthest ahead. The first block stays, for it holds the
    /// headers that every seek needs, and so does the block being read.
    pub fn shrink(&mut self, max_bytes: usize, reading_at: u64) {
        let current = reading_at / BLOCK;
        while self.size_bytes() > max_bytes.max(3 * BLOCK as usize) {
            let behind = self.blocks.range(1..current.max(1)).next().map(|(index, _)| *index);
            let victim = behind
                .or_else(|| self.blocks.keys().next_back().copied().filter(|last| *last > current));
            let Some(index) = victim else { return };
            self.blocks.remove(&index);
            self.unmark(index * BLOCK, (index + 1) * BLOCK);
        }
    }

    fn mark(&mut self, mut start: u64, mut end: u64) {
        if start >= end {
            return;
        }
        while let Some((&from, &to)) = self.ranges.range(..=end).next_back()
            && to >= start
        {
            self.ranges.remove(&from);
            start = start.min(from);
            end = end.max(to);
        }
        self.ranges.insert(start, end);
    }

    fn unmark(&mut self, start: u64, end: u64) {
        let touched: Vec<(u64, u64)> = self
            .ranges
            .range(..end)
            .filter(|(_, to)| **to > start)
            .map(|(f, t)| (*f, *t))
            .collect();
        for (from, to) in touched {
            self.ranges.remove(&from);
            self.mark(from, start.min(to));
            self.mark(end.max(from), to);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        /// Whatever is written in whatever order reads back, and nothing else seems to be there.
        #[test]
        fn reads_back_what_was_written(writes in prop::collection::vec((0u64..400_000, 1usize..90_000), 1..20)) {
            let byte = |pos: u64| (pos % 251) as u8 ^ (pos / 7_919) as u8;
            let mut blocks = Blocks::default();
            let mut is_there = vec![false; 500_000];
            for (pos, len) in writes {
                let bytes: Vec<u8> = (pos..pos + len as u64).map(byte).collect();
                blocks.write(pos, &bytes);
                is_there[pos as usize..pos as usize + len].fill(true);
            }
            let mut out = vec![0; 1_000];
            for pos in (0..490_000u64).step_by(4_999) {
                let n_there = is_there[pos as usize..].iter().take_while(|there| **there).count();
                prop_assert_eq!(blocks.end_from(pos), pos + n_there as u64);
                let n = blocks.read(pos, &mut out);
                prop_assert!(n <= n_there && (n > 0) == (n_there > 0));
                for (offset, got) in out[..n].iter().enumerate() {
                    prop_assert_eq!(*got, byte(pos + offset as u64));
                }
            }
        }
    }

    #[test]
    fn shrinking_keeps_the_headers_and_what_is_being_read() {
        let mut blocks = Blocks::default();
        blocks.write(0, &vec![7; 20 * BLOCK as usize]);
        blocks.shrink(5 * BLOCK as usize, 10 * BLOCK + 5);
        assert_eq!(blocks.size_bytes(), 5 * BLOCK as usize);
        assert_eq!(blocks.end_from(0), BLOCK);
        assert_eq!(blocks.end_from(BLOCK), BLOCK);
        assert_eq!(blocks.end_from(10 * BLOCK), 14 * BLOCK);
    }
}
