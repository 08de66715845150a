//! What was searched lately, kept in the webview for whom it was.

use leptos::prelude::*;

use crate::state::State;

/// Queries remembered.
const QUERIES_MAX: usize = 8;

/// Longer ones are no queries that anybody types again.
const CHARS_MAX: usize = 80;

/// Where the queries are kept; queries are separated by lines.
const KEY: &str = "melodyud-recent-queries";

/// The last queries, latest first.
#[derive(Clone, Copy)]
pub struct Recent {
    pub queries: RwSignal<Vec<String>>,
    owner: Memo<Option<String>>,
}

impl Recent {
    /// Follows who is signed in; to be called once.
    pub fn start(state: State) -> Self {
        let owner = state.account;
        let recent = Self { queries: RwSignal::default(), owner };
        Effect::new(move |_| recent.queries.set(read(owner.get())));
        recent
    }

    /// Remembers a query that led somewhere.
    pub fn add(self, query: &str) {
        let query = query.trim();
        if query.is_empty() || query.chars().count() > CHARS_MAX {
            return;
        }
        self.queries.update(|queries| put_first(queries, query));
        let Some(key) = self.owner.get_untracked().map(|owner| key(&owner)) else { return };
        if let Some(storage) = storage() {
            // Where the webview keeps nothing, they last until the app quits.
            let _ = storage.set_item(&key, &self.queries.get_untracked().join("\n"));
        }
    }

    pub fn forget(self) {
        self.queries.set(Vec::new());
        if let Some((owner, storage)) = self.owner.get_untracked().zip(storage()) {
            let _ = storage.remove_item(&key(&owner));
        }
    }
}

fn read(owner: Option<String>) -> Vec<String> {
    owner
        .zip(storage())
        .and_then(|(owner, storage)| storage.get_item(&key(&owner)).ok().flatten())
        .map(|text| text.lines().take(QUERIES_MAX).map(str::to_owned).collect())
        .unwrap_or_default()
}

fn put_first(queries: &mut Vec<String>, query: &str) {
    let folded = query.to_lowercase();
    queries.retain(|known| known.to_lowercase() != folded);
    queries.insert(0, query.to_owned());
    queries.truncate(QUERIES_MAX);
}

fn key(owner: &str) -> String {
    format!("{KEY} {owner}")
}

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_again_comes_first_and_the_oldest_goes() {
        let mut queries = Vec::new();
        for query in ["a", "b", "A", "c", "d", "e", "f", "g", "h", "i"] {
            put_first(&mut queries, query);
        }
        assert_eq!(queries, ["i", "h", "g", "f", "e", "d", "c", "A"]);
    }
}
