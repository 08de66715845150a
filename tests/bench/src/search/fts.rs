//! The same library in SQLite FTS5: words as prefixes, ranked by bm25.

use std::{path::Path, time::Instant};

use rusqlite::Connection;

use super::names::Catalog;

pub struct Index(Connection);

impl Index {
    pub fn new(catalog: &Catalog, path: &Path) -> rusqlite::Result<Self> {
        let mut connection = Connection::open(path)?;
        connection.execute_batch(
            "CREATE VIRTUAL TABLE track USING fts5(title, artist, release,
                 tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2 3')",
        )?;
        let tx = connection.transaction()?;
        {
            let mut insert = tx.prepare("INSERT INTO track VALUES (?1, ?2, ?3)")?;
            for track in &catalog.tracks {
                let release = &catalog.releases[track.release_idx].title;
                insert.execute((&track.title, &catalog.artist_of(track).name, release))?;
            }
        }
        tx.commit()?;
        connection.execute_batch("INSERT INTO track(track) VALUES ('optimize')")?;
        Ok(Self(connection))
    }

    /// Milliseconds for the best 20 tracks, without HTTP.
    pub fn time_ms(&self, query: &str) -> rusqlite::Result<f64> {
        let words = domain::text::words(query);
        let prefixes: Vec<String> = words.iter().map(|word| format!("\"{word}\"*")).collect();
        let mut select = self.0.prepare_cached(
            "SELECT rowid, title FROM track WHERE track MATCH ?1 ORDER BY rank LIMIT 20",
        )?;
        let started = Instant::now();
        if !prefixes.is_empty() {
            let rows = select.query_map([prefixes.join(" ")], |row| row.get::<_, i64>(0))?;
            rows.collect::<Result<Vec<_>, _>>()?;
        }
        Ok(started.elapsed().as_secs_f64() * 1e3)
    }
}
