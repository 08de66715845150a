//! Where sound goes: a device, or memory in its place.
//!
//! Either lives on a thread of its own, for opening a device may block for as long as it likes.
//! The thread reports a format it can take, is given a ring for it, and pulls.

mod device;
mod memory;

use std::{
    cell::Cell,
    io, mem,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{
    engine::Waker,
    ring::{Format, Ring},
};

pub use device::output_devices;
pub use memory::{Capture, MemoryOutput, Pace};

/// Where an engine plays.
#[derive(Clone, Debug)]
pub enum Output {
    /// The device of this name, or the system's default.
    Device(Option<String>),
    /// No hardware: the same path up to the device, whose place memory takes.
    Memory(MemoryOutput),
}

/// What the output's thread is told.
#[derive(Debug)]
enum Order {
    /// Play from this ring, made for this opening of a device.
    Attach {
        ring: Arc<Ring>,
        opening: u64,
    },
    Switch(Option<String>),
    Close,
}

/// What the output's thread tells.
#[derive(Clone, PartialEq, Debug)]
pub enum News {
    /// A device is open and waits for sound; `latency_frames` are under way inside it.
    /// A patient one takes only what is there: for it nothing starves. `opening` is to be named
    /// with the ring for it.
    Opened { opening: u64, name: String, format: Format, latency_frames: u64, is_patient: bool },
    /// The device is gone; another one is looked for.
    Lost,
    /// There is none at the moment.
    Missing { reason: String },
}

/// The output's thread.
#[derive(Debug)]
pub struct Port {
    orders: Sender<Order>,
    news: Receiver<News>,
    thread: Option<thread::JoinHandle<()>>,
}

/// The thread's side of a [`Port`].
struct Inside {
    orders: Receiver<Order>,
    news: Sender<News>,
    waker: Waker,
    /// Counts devices opened.
    opening: Cell<u64>,
}

impl Inside {
    /// Numbers a device that was opened.
    fn next_opening(&self) -> u64 {
        self.opening.set(self.opening.get() + 1);
        self.opening.get()
    }

    /// The next order. A ring that was made for a device which is closed by now is passed over:
    /// two of them would sound at once.
    fn order_within(&self, timeout: Duration) -> Result<Order, RecvTimeoutError> {
        let deadline = Instant::now() + timeout;
        loop {
            match self.orders.recv_timeout(deadline.saturating_duration_since(Instant::now()))? {
                Order::Attach { opening, .. } if opening != self.opening.get() => {}
                order => return Ok(order),
            }
        }
    }

    fn tell(&self, news: News) {
        // Nobody listens any more when the engine is shutting down.
        drop(self.news.send(news));
        self.waker.wake();
    }
}

impl Port {
    pub fn open(output: Output, waker: Waker) -> io::Result<Self> {
        // Not bounded in type, but in use: the engine answers each piece of news at most once,
        // and commands, which are bounded, cause the rest.
        let (orders, orders_inside) = channel();
        let (news_inside, news) = channel();
        let inside =
            Inside { orders: orders_inside, news: news_inside, waker, opening: Cell::default() };
        let builder = thread::Builder::new().name("audio-output".to_owned());
        let (thread, is_prompt) = match output {
            Output::Device(name) => (builder.spawn(move || device::run(&inside, name))?, false),
            Output::Memory(memory) => (builder.spawn(move || memory::run(&inside, &memory))?, true),
        };
        // A driver that hangs must not hang whoever shuts the engine down.
        Ok(Self { orders, news, thread: is_prompt.then_some(thread) })
    }

    pub fn news(&self) -> Option<News> {
        self.news.try_recv().ok()
    }

    pub fn attach(&self, ring: &Arc<Ring>, opening: u64) {
        self.order(Order::Attach { ring: Arc::clone(ring), opening });
    }

    pub fn switch(&self, name: Option<String>) {
        self.order(Order::Switch(name));
    }

    fn order(&self, order: Order) {
        // The thread ends only when told to.
        drop(self.orders.send(order));
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.order(Order::Close);
        if let Some(thread) = mem::take(&mut self.thread) {
            drop(thread.join());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two changes of device in quick succession: the ring that answered the first came when the
    /// second was open already, both were played at once, and the music was twice as loud.
    #[test]
    fn a_ring_for_a_device_that_is_closed_by_now_is_passed_over() {
        let (orders, orders_inside) = channel();
        let (news, _) = channel();
        let waker = Waker::default();
        let inside = Inside { orders: orders_inside, news, waker, opening: Cell::default() };
        let (first, second) = (inside.next_opening(), inside.next_opening());
        let ring = Ring::new(Format { sample_rate: 48_000, channels: 2 }, 1.0);
        for opening in [first, second] {
            orders.send(Order::Attach { ring: Arc::clone(&ring), opening }).unwrap();
        }
        let order = inside.order_within(Duration::ZERO);
        assert!(matches!(order, Ok(Order::Attach { opening, .. }) if opening == second));
        assert!(matches!(inside.order_within(Duration::ZERO), Err(RecvTimeoutError::Timeout)));
    }
}
