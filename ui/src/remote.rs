//! What is asked from the shell and may still be on its way.

use ::ipc::{Call, Fault, FaultKind};
use leptos::{prelude::*, task::spawn_local};

use crate::{busy::Busy, ipc::invoke, parts::states::ErrorState, route::Router, state::state};

/// An answer, or what there is instead.
#[derive(Clone, PartialEq, Debug)]
pub enum Remote<T> {
    /// Nothing was asked.
    Empty,
    Loading,
    Ready(T),
    Failed(Fault),
}

/// A question that is asked again when what it depends on changes.
pub struct Source<T: Send + Sync + 'static> {
    pub answer: RwSignal<Remote<T>>,
    /// Whether the latest question still waits for its answer.
    pub is_asking: RwSignal<bool>,
    n_retries: RwSignal<u32>,
}

impl<T: Send + Sync + 'static> Clone for Source<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Source<T> {}

impl<T: Send + Sync + 'static> Source<T> {
    pub fn retry(self) {
        self.n_retries.update(|n| *n += 1);
    }

    /// The same answer again is no news, and a later failure takes nothing away.
    pub fn settled(self) -> Self
    where
        T: Clone + PartialEq,
    {
        let answer = RwSignal::new(Remote::Loading);
        Effect::new(move |_| {
            self.answer.with(|new| {
                let is_kept = answer.with_untracked(|now| match (now, new) {
                    (Remote::Ready(_), Remote::Failed(_)) => true,
                    (now, new) => now == new,
                });
                if !is_kept {
                    answer.set(new.clone());
                }
            });
        });
        Self { answer, ..self }
    }
}

/// Asks now and whenever a signal read by `question` changes.
pub fn ask<C>(question: impl Fn() -> C + 'static) -> Source<C::Reply>
where
    C: Call + 'static,
    C::Reply: Send + Sync + 'static,
{
    ask_if(move || Some(question()))
}

/// Asks where there is a question; the latest one wins. What was there stays until the next
/// answer comes, so that nothing flickers.
pub fn ask_if<C>(question: impl Fn() -> Option<C> + 'static) -> Source<C::Reply>
where
    C: Call + 'static,
    C::Reply: Send + Sync + 'static,
{
    let answer = RwSignal::new(Remote::Loading);
    let n_retries = RwSignal::new(0);
    let is_asking = RwSignal::new(false);
    let latest = StoredValue::new(0_u32);
    let busy = expect_context::<Busy>();
    Effect::new(move |_| {
        if n_retries.get() > 0 && answer.with_untracked(|a| matches!(a, Remote::Failed(_))) {
            answer.set(Remote::Loading);
        }
        let number = latest.with_value(|n| n.wrapping_add(1));
        latest.set_value(number);
        let question = question();
        is_asking.set(question.is_some());
        let Some(call) = question else {
            answer.set(Remote::Empty);
            return;
        };
        if answer.with_untracked(|a| matches!(a, Remote::Empty)) {
            answer.set(Remote::Loading);
        }
        // Where nothing is shown yet, a skeleton says so.
        let ongoing =
            answer.with_untracked(|a| matches!(a, Remote::Ready(_))).then(|| busy.begin());
        spawn_local(async move {
            let reply = invoke(call).await;
            drop(ongoing);
            // The page may be gone by now.
            if latest.try_with_value(|n| *n == number) == Some(true) {
                is_asking.set(false);
                answer.set(match reply {
                    Ok(value) => Remote::Ready(value),
                    Err(fault) => Remote::Failed(fault),
                });
            }
        });
    });
    let source = Source { answer, is_asking, n_retries };
    retry_when_back(source);
    source
}

/// What could not be had while the server was silent is asked for again once it is back.
fn retry_when_back<T: Send + Sync + 'static>(source: Source<T>) {
    let is_online = state().is_online;
    Effect::new(move |was_online: Option<bool>| {
        let is_online = is_online.get();
        let is_missing = source.answer.with_untracked(
            |answer| matches!(answer, Remote::Failed(fault) if fault.kind == FaultKind::Offline),
        );
        if is_online && was_online == Some(false) && is_missing {
            source.retry();
        }
        is_online
    });
}

/// Shows an answer in each of its states.
pub fn show<T: Clone + Send + Sync + 'static>(
    source: Source<T>,
    skeleton: impl Fn() -> AnyView + Send + Sync + 'static,
    ready: impl Fn(T) -> AnyView + Send + Sync + 'static,
) -> impl IntoView {
    show_as(source, skeleton, ready, false)
}

/// As [`show`], where the answer is the page as a whole and brings its title: without it, what
/// went wrong is the title.
pub fn show_page<T: Clone + Send + Sync + 'static>(
    source: Source<T>,
    skeleton: impl Fn() -> AnyView + Send + Sync + 'static,
    ready: impl Fn(T) -> AnyView + Send + Sync + 'static,
) -> impl IntoView {
    show_as(source, skeleton, ready, true)
}

fn show_as<T: Clone + Send + Sync + 'static>(
    source: Source<T>,
    skeleton: impl Fn() -> AnyView + Send + Sync + 'static,
    ready: impl Fn(T) -> AnyView + Send + Sync + 'static,
    is_page: bool,
) -> impl IntoView {
    let router = expect_context::<Router>();
    move || {
        match source.answer.get() {
        Remote::Empty => ().into_any(),
        Remote::Loading => skeleton(),
        Remote::Ready(value) => {
            router.restore_offset();
            ready(value)
        }
        Remote::Failed(fault) => {
            view! { <ErrorState fault=fault is_page=is_page on_retry=Callback::new(move |()| source.retry())/> }
                .into_any()
        }
    }
    }
}
