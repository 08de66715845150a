//! Waiting on a predicate, with a bound.

use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::{Instant, sleep};

const STEP: Duration = Duration::from_millis(25);

/// Asks again until there is an answer; fails naming what was waited for, with the last error.
pub async fn until<T>(
    what: &str,
    limit: Duration,
    mut ask: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let end = Instant::now() + limit;
    loop {
        let failure = match ask().await {
            Ok(Some(answer)) => return Ok(answer),
            Ok(None) => None,
            Err(error) => Some(error),
        };
        if Instant::now() >= end {
            match failure {
                Some(error) => {
                    return Err(error.context(format!("waited {} s for {what}", limit.as_secs())));
                }
                None => bail!("waited {} s in vain for {what}", limit.as_secs()),
            }
        }
        sleep(STEP).await;
    }
}
