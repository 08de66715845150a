//! Where the browser comes back to: one page on this machine, for one answer.
//!
//! Whatever is not that answer, from whichever program or page, is turned away and changes nothing.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};
use url::form_urlencoded;

/// Where on this machine the answer is expected.
pub const PATH: &str = "/back";

/// Connections at a time: browsers open some ahead and say nothing on them.
const VISITS_MAX: usize = 16;

/// How long one connection may take.
const VISIT_PATIENCE: Duration = Duration::from_secs(10);

/// After a connection could not be taken.
const PAUSE: Duration = Duration::from_millis(100);

/// Longest head of a request that is read, in bytes.
const HEAD_BYTES_MAX: usize = 8_192;

/// Longest code or word that is taken, in bytes.
const VALUE_BYTES_MAX: usize = 512;

/// Shown by the browser in the end.
const PAGE: &str = include_str!("landing.html");

/// A code, or a word about why there is none.
pub type Answer = Result<String, String>;

/// Waits for the answer that brings `state`, for as long as it takes.
pub async fn wait(listener: &TcpListener, state: &str) -> Answer {
    let mut visits = JoinSet::new();
    loop {
        tokio::select! {
            visitor = listener.accept(), if visits.len() < VISITS_MAX => match visitor {
                Ok((stream, _)) => {
                    visits.spawn(timeout(VISIT_PATIENCE, visit(stream, state.to_owned())));
                }
                // Too many files are open, perhaps; that passes.
                Err(error) => {
                    tracing::info!(%error, "a connection was not taken");
                    sleep(PAUSE).await;
                }
            },
            Some(visit) = visits.join_next() => if let Ok(Ok(Some(answer))) = visit {
                return answer;
            },
        }
    }
}

/// Serves one connection; gives the answer if it was brought here.
async fn visit(mut stream: TcpStream, state: String) -> Option<Answer> {
    let head = head(&mut stream).await?;
    let answer = answer(&head, &state);
    let (status, page) = match &answer {
        Some(_) => ("200 OK", PAGE),
        None => ("404 Not Found", "There is nothing here.\n"),
    };
    let response = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\n\
         cache-control: no-store\r\ncontent-security-policy: default-src 'none'; style-src \
         'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'\r\n\
         referrer-policy: no-referrer\r\nx-content-type-options: nosniff\r\nconnection: close\r\n\
         \r\n{page}",
        page.len()
    );
    // The answer is here, whether or not the browser waits for its page.
    if stream.write_all(response.as_bytes()).await.is_ok() {
        let _ = stream.shutdown().await;
    }
    answer
}

/// What comes before the empty line; `None` where that is too long or never comes.
async fn head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    loop {
        let mut piece = [0; 1_024];
        let n_bytes = stream.read(&mut piece).await.ok().filter(|n_bytes| *n_bytes > 0)?;
        head.extend_from_slice(&piece[..n_bytes]);
        if head.windows(4).any(|end| end == b"\r\n\r\n") {
            return String::from_utf8(head).ok();
        }
        if head.len() > HEAD_BYTES_MAX {
            return None;
        }
    }
}

/// The answer in a request, if it is that of our journey.
fn answer(head: &str, state: &str) -> Option<Answer> {
    let target = head.lines().next()?.strip_prefix("GET ")?.strip_suffix(" HTTP/1.1")?;
    let (_, query) = target.split_once('?').filter(|(path, _)| *path == PATH)?;
    // What is said twice could be read in two ways.
    let one = |name: &str| {
        let pairs = form_urlencoded::parse(query.as_bytes());
        let mut values = pairs.filter(|(key, _)| key == name).map(|(_, value)| value);
        let value = values.next().filter(|value| value.len() <= VALUE_BYTES_MAX)?;
        values.next().is_none().then(|| value.into_owned())
    };
    if one("state")? != state {
        return None;
    }
    match (one("code"), one("error")) {
        (Some(code), None) => Some(Ok(code)),
        (None, Some(word)) => Some(Err(word)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATE: &str = "state-of-the-app";

    #[track_caller]
    fn check(line: &str, expected: Option<Result<&str, &str>>) {
        let head = format!("{line}\r\nhost: 127.0.0.1:9\r\n\r\n");
        let expected = expected.map(|said| said.map(str::to_owned).map_err(str::to_owned));
        assert_eq!(answer(&head, STATE), expected, "{line}");
    }

    #[test]
    fn only_the_answer_to_our_question_is_taken() {
        let state = STATE;
        check(&format!("GET /back?code=a%2Db&state={state} HTTP/1.1"), Some(Ok("a-b")));
        let refused = format!("GET /back?error=access_denied&state={state} HTTP/1.1");
        check(&refused, Some(Err("access_denied")));
        for line in [
            "GET /back?code=a&state=another HTTP/1.1".to_owned(),
            "GET /back?code=a HTTP/1.1".to_owned(),
            "GET /favicon.ico HTTP/1.1".to_owned(),
            format!("POST /back?code=a&state={state} HTTP/1.1"),
            format!("GET /back?state={state} HTTP/1.1"),
            format!("GET /back?code=a&error=b&state={state} HTTP/1.1"),
            format!("GET /back?code=a&code=b&state={state} HTTP/1.1"),
            format!("GET /back?code=a&state={state}&state=another HTTP/1.1"),
            format!("GET /elsewhere?code=a&state={state} HTTP/1.1"),
            format!("GET //evil.example/back?code=a&state={state} HTTP/1.1"),
            format!("GET http://127.0.0.1/back?code=a&state={state} HTTP/1.1"),
            format!("GET /back?code={}&state={state} HTTP/1.1", "a".repeat(600)),
            format!("GET /back?code=a&state={state}"),
            String::new(),
        ] {
            check(&line, None);
        }
    }
}
