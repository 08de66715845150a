//! One request after the other until the bytes are here.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use reqwest::{
    Client, Response, StatusCode,
    header::{AUTHORIZATION, CONTENT_RANGE, ETAG, IF_RANGE, RANGE, RETRY_AFTER},
};
use url::Url;

use super::{Authorize, AuthorizeError, Remote, remote::Problem};

/// A server that says nothing for so long is treated as gone.
const SILENCE: Duration = Duration::from_secs(10);
/// Pauses between tries double from the first to the last of these.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LAST_PAUSE: Duration = Duration::from_secs(4);
/// Longest pause a server may ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_mins(1);

/// What a fetch works with. It holds its remote weakly: nobody reads, nothing is fetched.
pub struct Job {
    pub remote: Weak<Remote>,
    pub id: u64,
    pub client: Client,
    pub url: Url,
    pub authorize: Arc<dyn Authorize>,
}

/// Why a try ended without all bytes.
enum Setback {
    Problem(Problem),
    /// As the server wishes, or after a pause of ours.
    Later {
        reason: String,
        pause: Option<Duration>,
    },
    /// Nobody wants the bytes any more.
    Replaced,
}

impl Setback {
    fn passing(reason: impl Into<String>) -> Self {
        Self::Later { reason: reason.into(), pause: None }
    }

    fn fatal(reason: impl Into<String>) -> Self {
        Self::Problem(Problem::Final(reason.into()))
    }
}

/// Fetches from `pos` to the end of the file, or to what is there already, however long the
/// line is down in between. Ends early when another request replaces it.
pub async fn run(job: Job, mut pos: u64) {
    let mut pause = FIRST_PAUSE;
    let mut is_first = true;
    loop {
        let before = pos;
        let setback = match fetch(&job, &mut pos).await {
            Ok(()) => return,
            Err(setback) => setback,
        };
        if pos > before {
            pause = FIRST_PAUSE;
            is_first = true;
        }
        let (reason, asked) = match setback {
            Setback::Replaced => return,
            Setback::Problem(problem) => {
                if let Some(remote) = job.remote.upgrade() {
                    remote.fail(job.id, problem);
                }
                return;
            }
            Setback::Later { reason, pause } => (reason, pause),
        };
        tracing::debug!(reason, pos, "a download was interrupted");
        if is_first && asked.is_none() {
            // A server may close a connection that idled: no reason to say anything yet.
            is_first = false;
        } else {
            let Some(remote) = job.remote.upgrade() else { return };
            remote.fail(job.id, Problem::Passing(reason));
        }
        tokio::time::sleep(asked.unwrap_or(pause)).await;
        pause = (pause * 2).min(LAST_PAUSE);
    }
}

/// One request, and another one behind each stretch that is there already.
async fn fetch(job: &Job, pos: &mut u64) -> Result<(), Setback> {
    let mut response = request(job, *pos).await?;
    loop {
        let remote = job.remote.upgrade().ok_or(Setback::Replaced)?;
        let lead = remote.lead(*pos);
        if lead > remote.max_lead() {
            drop(remote);
            wait_for_room(job, *pos).await?;
        } else {
            drop(remote);
        }
        let chunk = tokio::time::timeout(SILENCE, response.chunk())
            .await
            .map_err(|_| Setback::passing("the server stopped sending"))?
            .map_err(|error| Setback::passing(describe(&error)))?;
        let remote = job.remote.upgrade().ok_or(Setback::Replaced)?;
        let Some(chunk) = chunk else {
            return match remote.file_size() {
                Some(size) if *pos < size => Err(Setback::passing("the connection was cut")),
                _ => {
                    remote.finish(job.id, Some(*pos));
                    Ok(())
                }
            };
        };
        let (next, _) = remote.store(job.id, *pos, &chunk).ok_or(Setback::Replaced)?;
        *pos += chunk.len() as u64;
        let size = remote.file_size();
        if size.is_some_and(|size| *pos >= size) {
            remote.finish(job.id, size);
            return Ok(());
        }
        if next > *pos {
            // The rest of a stretch that came earlier: go on behind it.
            *pos = next;
            if size.is_some_and(|size| next >= size) {
                remote.finish(job.id, size);
                return Ok(());
            }
            drop(remote);
            response = request(job, *pos).await?;
        }
    }
}

/// Waits until the reading comes closer; the server waits with us.
async fn wait_for_room(job: &Job, pos: u64) -> Result<(), Setback> {
    loop {
        let remote = job.remote.upgrade().ok_or(Setback::Replaced)?;
        if remote.lead(pos) <= remote.max_lead() {
            return Ok(());
        }
        drop(tokio::time::timeout(Duration::from_secs(1), remote.room.notified()).await);
    }
}

/// Asks for the file from `pos` on; a refused token is renewed once.
async fn request(job: &Job, pos: u64) -> Result<Response, Setback> {
    let mut is_stale = false;
    loop {
        let bearer = match job.authorize.bearer(is_stale).await {
            Ok(bearer) => bearer,
            Err(error @ AuthorizeError::SignedOut) => {
                return Err(Setback::fatal(error.to_string()));
            }
            Err(error @ AuthorizeError::Unavailable(_)) => {
                return Err(Setback::passing(error.to_string()));
            }
        };
        let etag = job.remote.upgrade().ok_or(Setback::Replaced)?.etag();
        let mut request = job.client.get(job.url.clone()).header(RANGE, format!("bytes={pos}-"));
        if let Some(etag) = etag {
            request = request.header(IF_RANGE, etag);
        }
        if let Some(bearer) = &bearer {
            request = request.header(AUTHORIZATION, format!("Bearer {bearer}"));
        }
        let response = tokio::time::timeout(SILENCE, request.send())
            .await
            .map_err(|_| Setback::passing("the server does not answer"))?
            .map_err(|error| Setback::passing(describe(&error)))?;
        if response.status() == StatusCode::UNAUTHORIZED && !is_stale && bearer.is_some() {
            is_stale = true;
            continue;
        }
        return accept(job, pos, response);
    }
}

/// Checks that an answer brings the bytes that were asked for.
fn accept(job: &Job, pos: u64, response: Response) -> Result<Response, Setback> {
    let remote = job.remote.upgrade().ok_or(Setback::Replaced)?;
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    // A weak tag does not promise equal bytes: it is of no use for joining parts.
    let etag = header(ETAG).filter(|tag| !tag.starts_with("W/")).map(str::to_owned);
    match response.status() {
        StatusCode::PARTIAL_CONTENT => {
            let (start, size) = header(CONTENT_RANGE).and_then(content_range).ok_or_else(|| {
                Setback::fatal("the server answered with a range it does not name")
            })?;
            if start != pos {
                return Err(Setback::fatal("the server answered with another range"));
            }
            remote.describe(size, etag).map_err(Setback::fatal)?;
        }
        StatusCode::OK if pos == 0 => {
            remote.describe(response.content_length(), etag).map_err(Setback::fatal)?;
        }
        // With `If-Range` a whole answer to a partial question means another file.
        StatusCode::OK => {
            remote.describe(response.content_length(), etag).map_err(Setback::fatal)?;
            return Err(Setback::fatal("the server cannot send parts of the file"));
        }
        StatusCode::RANGE_NOT_SATISFIABLE if pos == 0 => {
            return Err(Setback::fatal("the file is empty"));
        }
        StatusCode::RANGE_NOT_SATISFIABLE => {
            return Err(Setback::fatal("the file became shorter on the server"));
        }
        StatusCode::UNAUTHORIZED => return Err(Setback::fatal("sign in again to go on listening")),
        StatusCode::FORBIDDEN => {
            return Err(Setback::fatal("the server does not allow playing this"));
        }
        StatusCode::NOT_FOUND | StatusCode::GONE => {
            return Err(Setback::fatal("the server does not have this track any more"));
        }
        status if status.is_redirection() => {
            return Err(Setback::fatal("the server sends the player elsewhere, which is not safe"));
        }
        status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
            let pause = header(RETRY_AFTER)
                .and_then(|seconds| seconds.parse().ok())
                .map(|seconds| Duration::from_secs(seconds).min(MAX_RETRY_AFTER));
            return Err(Setback::Later {
                reason: format!("the server is not able to answer ({status})"),
                pause,
            });
        }
        status => return Err(Setback::fatal(format!("the server refused to send it ({status})"))),
    }
    Ok(response)
}

/// Start and whole size of a `Content-Range` (RFC 9110, section 14.4).
fn content_range(value: &str) -> Option<(u64, Option<u64>)> {
    let (range, size) = value.strip_prefix("bytes ")?.split_once('/')?;
    let (start, _) = range.split_once('-')?;
    let size = if size == "*" { None } else { Some(size.parse().ok()?) };
    Some((start.parse().ok()?, size))
}

/// A network error in words for a person, without the address.
fn describe(error: &reqwest::Error) -> String {
    if error.is_connect() {
        "the server cannot be reached".to_owned()
    } else if error.is_timeout() {
        "the server does not answer".to_owned()
    } else {
        "the connection was lost".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::content_range;

    #[test]
    fn content_ranges_are_read_strictly() {
        assert_eq!(content_range("bytes 5-9/10"), Some((5, Some(10))));
        assert_eq!(content_range("bytes 0-9/*"), Some((0, None)));
        for bad in ["", "bytes", "bytes */10", "bytes -5/10", "bytes 5-9/x", "items 5-9/10"] {
            assert_eq!(content_range(bad), None, "{bad}");
        }
    }
}
