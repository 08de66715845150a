//! The steps of `schema.sql`.

use engine_sql::Step;

/// Namespace of the migrations.
pub const NAMESPACE: &str = "catalog";

const TEXT: &str = include_str!("schema.sql");

/// All steps, numbered in the order of the file.
pub fn steps() -> Vec<Step> {
    let steps = TEXT.split("\n--- ").skip(1).zip(1..);
    steps
        .map(|(step, number)| {
            let (name, statement) = step.split_once('\n').unwrap_or((step, ""));
            // Comments between steps belong to the next one.
            let statement = statement.split("\n--").next().unwrap_or_default();
            (number, name, statement.trim())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_is_one_statement() {
        let steps = steps();
        assert_eq!(steps.len(), TEXT.matches("CREATE ").count());
        assert!(steps.iter().all(|(_, _, statement)| statement.starts_with("CREATE ")));
    }
}
