//! Where sound goes: a device, or memory in its place.
//!
//! Either lives on a thread of its own, for opening a device may block for as long as it likes.
//! The thread reports a format it can take, is given a ring for it, and pulls.

mod device;
mod memory;

use std::{
    io, mem,
    sync::{
        Arc,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
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
    /// Play from this ring.
    Attach(Arc<Ring>),
    Switch(Option<String>),
    Close,
}

/// What the output's thread tells.
#[derive(Clone, PartialEq, Debug)]
pub enum News {
    /// A device is open and waits for sound; `latency_frames` are under way inside it.
    /// A patient one takes only what is there: for it nothing starves.
    Opened { name: String, format: Format, latency_frames: u64, is_patient: bool },
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
}

impl Inside {
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
        let inside = Inside { orders: orders_inside, news: news_inside, waker };
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

    pub fn attach(&self, ring: &Arc<Ring>) {
        self.order(Order::Attach(Arc::clone(ring)));
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
