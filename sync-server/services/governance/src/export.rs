//! The log as a file that verifies itself ([`crate::verify_file`]): JSON lines, made piece by
//! piece, so that neither a long log nor a slow reader takes memory.

use std::collections::VecDeque;

use crate::{
    Error, Record,
    line::{Dropped, FORMAT, Header, Kept, Line, Signed, VERSION},
    record::Content,
    store::{Span, Store},
};

/// Records of one piece: about 200 KB.
const PIECE_RECORDS: u64 = 500;

/// A file being written: the log up to the checkpoint that was the latest as it began.
#[derive(Debug)]
pub struct Export {
    store: Store,
    /// Taken by the first piece.
    header: Option<Header>,
    /// Sequence number of the next record.
    next: u64,
    end: u64,
    /// Size of the checkpoint before.
    previous: Option<u64>,
}

impl Export {
    pub(crate) async fn begin(store: Store, origin: String) -> Result<Self, Error> {
        let (end, _) = store.checkpoint_latest().await?;
        let header = Some(Header { format: FORMAT.to_owned(), version: VERSION, origin });
        Ok(Self { store, header, next: 0, end, previous: None })
    }

    /// The next lines; `None` at the end.
    pub async fn piece(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let header = self.header.take();
        if header.is_none() && self.next == self.end {
            return Ok(None);
        }
        let end = self.end.min(self.next + PIECE_RECORDS);
        let span = self.store.span(self.next..end).await?;
        self.next = end;
        let mut lines: Vec<Line> = header.map(Line::Header).into_iter().collect();
        self.put_span(span, &mut lines);
        let texts = lines.iter().map(|line| line.text() + "\n");
        Ok(Some(texts.collect::<String>().into_bytes()))
    }

    /// Records, with each checkpoint behind the last one that it covers.
    fn put_span(&mut self, span: Span, lines: &mut Vec<Line>) {
        let mut checkpoints = VecDeque::from(span.checkpoints);
        let mut put_checkpoints = |size: u64, lines: &mut Vec<Line>| {
            while let Some((covered, checkpoint)) =
                checkpoints.pop_front_if(|(covered, _)| *covered <= size)
            {
                let previous = self.previous.replace(covered);
                lines.push(Line::Checkpoint(Signed { checkpoint, previous }));
            }
        };
        put_checkpoints(0, lines);
        for record in span.records {
            let size = record.seq + 1;
            lines.push(record_line(record));
            put_checkpoints(size, lines);
        }
    }
}

fn record_line(record: Record) -> Line {
    let Record { seq, leaf, act } = record;
    match act {
        Some(act) => Line::Record(Kept { leaf, record: Content::new(seq, act) }),
        None => Line::Dropped(Dropped { seq, leaf }),
    }
}
