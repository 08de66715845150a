//! SQL for many rows at once, in as few statements as the databases take.

use sqlx::{
    Any, AnyConnection, Arguments as _, AssertSqlSafe, Encode, Error, Type,
    any::{AnyArguments, AnyRow},
};

/// Parameters of one statement. SQLite would take 32,766, but it looks each numbered one up in a
/// list of all: binding is quadratic, and past some hundreds it costs more than all the rest.
pub const PARAMETERS_MAX: usize = 256;

/// `$4, $5, $6`: `n` parameters from number `first`.
pub fn list(first: usize, n: usize) -> String {
    let numbers = (first..first + n).map(|number| format!("${number}"));
    numbers.collect::<Vec<_>>().join(", ")
}

/// `($1, $2), ($3, $4)`: `n_rows` rows of `n_columns` parameters.
pub fn rows(n_rows: usize, n_columns: usize) -> String {
    let rows = (0..n_rows).map(|row| format!("({})", list(row * n_columns + 1, n_columns)));
    rows.collect::<Vec<_>>().join(", ")
}

/// A length or an index, as databases count.
pub fn number(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// Arguments of one statement, in order.
#[derive(Default)]
pub struct Values(AnyArguments);

impl Values {
    /// Adds one argument.
    pub fn add<T>(&mut self, value: T) -> &mut Self
    where
        T: for<'q> Encode<'q, Any> + Type<Any>,
    {
        self.0.add(value).expect("texts, numbers and bytes always encode");
        self
    }

    /// How many arguments were added so far.
    pub fn n_added(&self) -> usize {
        self.0.len()
    }
}

/// Runs `head VALUES (..), (..) tail` over all rows, in as few statements as the databases take.
pub async fn insert<T>(
    tx: &mut AnyConnection,
    head: &str,
    tail: &str,
    rows_to_put: &[T],
    n_columns: usize,
    bind: impl Fn(&mut Values, &T),
) -> Result<(), Error> {
    let n_rows_max = (PARAMETERS_MAX / n_columns).max(1);
    for chunk in rows_to_put.chunks(n_rows_max) {
        let mut values = Values::default();
        for row in chunk {
            bind(&mut values, row);
        }
        debug_assert_eq!(values.n_added(), chunk.len() * n_columns);
        let sql = format!("{head} VALUES {} {tail}", rows(chunk.len(), n_columns));
        // Only full statements come again in this length.
        run(tx, sql, values, chunk.len() == n_rows_max).await?;
    }
    Ok(())
}

/// Runs one statement; answers how many rows it touched.
pub async fn execute(tx: &mut AnyConnection, sql: String, values: Values) -> Result<u64, Error> {
    run(tx, sql, values, true).await
}

/// `is_kept`: whether the statement is worth a place among the prepared ones.
async fn run(
    tx: &mut AnyConnection,
    sql: String,
    values: Values,
    is_kept: bool,
) -> Result<u64, Error> {
    // The text holds parameter numbers and our own words only; data goes through `values`.
    let query = sqlx::query_with(AssertSqlSafe(sql), values.0).persistent(is_kept);
    Ok(query.execute(tx).await?.rows_affected())
}

/// Where reading happens: a pool or the connection of a transaction.
pub trait Reader<'c>: sqlx::Executor<'c, Database = Any> {}

impl<'c, E: sqlx::Executor<'c, Database = Any>> Reader<'c> for E {}

/// All rows of one query.
pub async fn fetch<'c>(
    reader: impl Reader<'c>,
    sql: String,
    values: Values,
) -> Result<Vec<AnyRow>, Error> {
    let query = sqlx::query_with(AssertSqlSafe(sql), values.0);
    query.fetch_all(reader).await
}

/// All rows of `sql`, in which `{rows}` stands for the parameters of rows, over all `of`, in as few
/// queries as the databases take.
pub async fn fetch_rows<T>(
    tx: &mut AnyConnection,
    sql: &str,
    of: &[T],
    n_columns: usize,
    bind: impl Fn(&mut Values, &T),
) -> Result<Vec<AnyRow>, Error> {
    let mut found = Vec::new();
    for (sql, values, is_kept) in statements(sql, of, n_columns, bind) {
        let query = sqlx::query_with(AssertSqlSafe(sql), values.0).persistent(is_kept);
        found.extend(query.fetch_all(&mut *tx).await?);
    }
    Ok(found)
}

/// Runs `sql`, in which `{rows}` stands for the parameters of rows, over all `of`.
pub async fn execute_rows<T>(
    tx: &mut AnyConnection,
    sql: &str,
    of: &[T],
    n_columns: usize,
    bind: impl Fn(&mut Values, &T),
) -> Result<(), Error> {
    for (sql, values, is_kept) in statements(sql, of, n_columns, bind) {
        run(tx, sql, values, is_kept).await?;
    }
    Ok(())
}

/// Statements over some rows each, with whether they are worth a place among the prepared ones:
/// those of one row come again, and those of as many as go into one.
fn statements<'a, T>(
    sql: &'a str,
    of: &'a [T],
    n_columns: usize,
    bind: impl Fn(&mut Values, &T) + 'a,
) -> impl Iterator<Item = (String, Values, bool)> + 'a {
    // A power of two, so that groups of a power of two leave no rest.
    let n_rows_max = 1_usize << (PARAMETERS_MAX / n_columns).max(1).ilog2();
    of.chunks(n_rows_max).map(move |chunk| {
        let mut values = Values::default();
        for row in chunk {
            bind(&mut values, row);
        }
        debug_assert_eq!(values.n_added(), chunk.len() * n_columns);
        let is_kept = chunk.len() == 1 || chunk.len() == n_rows_max;
        (sql.replace("{rows}", &rows(chunk.len(), n_columns)), values, is_kept)
    })
}

/// All rows of `sql`, in which `{list}` stands for the parameters, over all `keys`, in as few
/// queries as the databases take.
pub async fn fetch_by<K: ToString>(
    tx: &mut AnyConnection,
    sql: &str,
    keys: impl IntoIterator<Item = K>,
) -> Result<Vec<AnyRow>, Error> {
    let keys = keys.into_iter().map(|key| key.to_string()).collect::<Vec<_>>();
    let mut found = Vec::new();
    for chunk in keys.chunks(PARAMETERS_MAX) {
        // The last one again and again, up to a power of two: statements of few lengths come
        // again, and need not be prepared anew.
        let n_keys = chunk.len().next_power_of_two();
        let mut values = Values::default();
        for key in chunk.iter().chain(std::iter::repeat(&chunk[chunk.len() - 1])).take(n_keys) {
            values.add(key.clone());
        }
        let sql = sql.replace("{list}", &list(1, n_keys));
        found.extend(fetch(&mut *tx, sql, values).await?);
    }
    Ok(found)
}

/// Runs `sql`, in which `{list}` stands for the parameters, over all `keys`.
pub async fn execute_by<K: ToString>(
    tx: &mut AnyConnection,
    sql: &str,
    keys: impl IntoIterator<Item = K>,
) -> Result<(), Error> {
    let keys = keys.into_iter().map(|key| key.to_string()).collect::<Vec<_>>();
    for chunk in keys.chunks(PARAMETERS_MAX) {
        let mut values = Values::default();
        for key in chunk {
            values.add(key.clone());
        }
        execute(tx, sql.replace("{list}", &list(1, chunk.len())), values).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_through() {
        assert_eq!(list(3, 2), "$3, $4");
        assert_eq!(rows(2, 2), "($1, $2), ($3, $4)");
    }
}
