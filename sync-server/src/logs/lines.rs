//! Lines on their way out, written together.
//!
//! Written one by one, each takes a system call, under a lock that all threads of the server meet
//! at: an eighth of what a small request costs. So lines wait for one another, for as long as nobody
//! notices. Warnings and what is worse wait for nothing, and take those before with them. A process
//! that is killed takes with it what waits.

use std::{
    io::{self, Write},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// The first of the lines that go out together waits for so long.
const WAIT: Duration = Duration::from_millis(20);

/// No more bytes than these, and a line, wait.
const WAITING_BYTES_MAX: usize = 64 * 1024;

/// Lines that wait for `W`.
pub struct Lines<W> {
    state: Mutex<State<W>>,
    /// One waits now.
    begun: Condvar,
}

struct State<W> {
    waiting: Vec<u8>,
    out: W,
}

/// Takes one line.
pub struct Line<'a, W: Write> {
    lines: &'a Lines<W>,
    is_urgent: bool,
}

impl<W: Write> Lines<W> {
    pub fn new(out: W) -> Self {
        Self { state: Mutex::new(State { waiting: Vec::new(), out }), begun: Condvar::new() }
    }

    /// Writes out what waits, again and again.
    pub fn run(&self) {
        loop {
            let state = self.state();
            let is_idle = |state: &mut State<W>| state.waiting.is_empty();
            drop(self.begun.wait_while(state, is_idle));
            thread::sleep(WAIT);
            self.flush();
        }
    }

    /// Writes out what waits.
    pub fn flush(&self) {
        self.state().flush();
    }

    fn state(&self) -> MutexGuard<'_, State<W>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W: Write> State<W> {
    /// Where the way out is broken, nobody is left to be told.
    fn flush(&mut self) {
        let _ = self.out.write_all(&self.waiting).and_then(|()| self.out.flush());
        self.waiting.clear();
    }
}

impl<W: Write> Write for Line<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.lines.state();
        let is_first = state.waiting.is_empty();
        state.waiting.extend_from_slice(bytes);
        if self.is_urgent || state.waiting.len() >= WAITING_BYTES_MAX {
            state.flush();
        } else if is_first {
            self.lines.begun.notify_one();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<W: Write> MakeWriter<'_> for &'static Lines<W> {
    type Writer = Line<'static, W>;

    fn make_writer(&self) -> Line<'static, W> {
        Line { lines: self, is_urgent: true }
    }

    fn make_writer_for(&self, of: &Metadata<'_>) -> Line<'static, W> {
        Line { lines: self, is_urgent: *of.level() <= Level::WARN }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[derive(Clone, Default)]
    struct Out(Arc<Mutex<Vec<Vec<u8>>>>);

    impl Write for Out {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().push(bytes.to_owned());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn put(lines: &Lines<Out>, is_urgent: bool, text: &[u8]) {
        Line { lines, is_urgent }.write_all(text).unwrap();
    }

    #[test]
    fn lines_go_out_together_and_a_warning_at_once() {
        let out = Out::default();
        let lines = Lines::new(out.clone());
        put(&lines, false, b"one\n");
        put(&lines, false, b"two\n");
        assert!(out.0.lock().unwrap().is_empty());
        put(&lines, true, b"bad\n");
        assert_eq!(*out.0.lock().unwrap(), [b"one\ntwo\nbad\n"]);
        put(&lines, false, b"last\n");
        lines.flush();
        assert_eq!(out.0.lock().unwrap()[1], b"last\n");
    }

    #[test]
    fn what_waits_is_bounded_and_whole() {
        let out = Out::default();
        let lines = Lines::new(out.clone());
        let line = [b'x'; 1_000];
        for _ in 0..200 {
            put(&lines, false, &line);
            assert!(lines.state().waiting.len() < WAITING_BYTES_MAX);
        }
        lines.flush();
        assert_eq!(out.0.lock().unwrap().concat().len(), 200 * line.len());
    }

    #[test]
    fn nobody_has_to_ask_for_what_waits() {
        let out = Out::default();
        let lines: &'static Lines<Out> = Box::leak(Box::new(Lines::new(out.clone())));
        thread::spawn(|| lines.run());
        for text in [b"first\n", b"later\n"] {
            put(lines, false, text);
            while out.0.lock().unwrap().last().is_none_or(|last| last != text) {
                thread::yield_now();
            }
        }
    }
}
