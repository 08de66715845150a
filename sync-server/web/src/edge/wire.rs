//! The socket of a connection, with what the HTTP library leaves to us: its own refusals become
//! the envelope, and a client that takes nothing of its answer does not keep its place for ever.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use api::error::{Code, Envelope, Error};
use axum::http::StatusCode;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep},
};

use super::guard::HEADERS;
use crate::request_id;

/// No request reaches a route without this in its answer; what lacks it is not of our making.
const ID_HEADER: &[u8] = b"\r\nx-request-id: ";

/// A socket.
pub(super) struct Wire<S> {
    socket: S,
    stall_timeout: Duration,
    /// Runs out while the client takes nothing; `None` while it does.
    stalled: Option<Pin<Box<Sleep>>>,
    /// An answer that goes out in the place of the library's, and how much of it is out.
    instead: Option<(Vec<u8>, usize)>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub fn new(socket: S, stall_timeout: Duration) -> Self {
        Self { socket, stall_timeout, stalled: None, instead: None }
    }

    /// Passes on what a write came to, or ends the connection where it waited too long.
    fn watch(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let timeout = self.stall_timeout;
        let stalled = self
            .stalled
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(Instant::now() + timeout)));
        ready!(stalled.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client takes nothing")))
    }

    /// Writes our answer; done once all of it is out.
    fn poll_instead(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some((answer, n_out)) = &mut self.instead {
            if *n_out == answer.len() {
                self.instead = None;
                break;
            }
            let written = Pin::new(&mut self.socket).poll_write(cx, &answer[*n_out..]);
            if let Poll::Ready(Ok(n)) = &written {
                *n_out += n;
            }
            if ready!(self.watch(cx, written))? == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Takes a refusal of the library's off the way; whether `head` was one.
    fn replaces(&mut self, head: &[u8]) -> bool {
        if self.instead.is_none()
            && let Some(status) = refusal(head)
        {
            tracing::info!(status = status.as_u16(), "refused what is no request");
            self.instead = Some((answer(status), 0));
        }
        self.instead.is_some()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(cx, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.replaces(bytes) {
            ready!(self.poll_instead(cx))?;
            return Poll::Ready(Ok(bytes.len()));
        }
        let written = Pin::new(&mut self.socket).poll_write(cx, bytes);
        self.watch(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let head = parts.iter().find(|part| !part.is_empty());
        if head.is_some_and(|head| self.replaces(head)) {
            ready!(self.poll_instead(cx))?;
            return Poll::Ready(Ok(parts.iter().map(|part| part.len()).sum()));
        }
        let written = Pin::new(&mut self.socket).poll_write_vectored(cx, parts);
        self.watch(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

/// The status of an answer without a body that the library gives by itself to what it cannot
/// read as a request: such as `HTTP/1.1 400 Bad Request`, after which it closes.
fn refusal(head: &[u8]) -> Option<StatusCode> {
    let status = head.strip_prefix(b"HTTP/1.1 4").or_else(|| head.strip_prefix(b"HTTP/1.0 4"))?;
    let is_whole = head.ends_with(b"\r\n\r\n");
    let is_ours = head.windows(ID_HEADER.len()).any(|part| part == ID_HEADER);
    let status = StatusCode::from_bytes(&[b'4', *status.first()?, *status.get(1)?]).ok()?;
    (is_whole && !is_ours).then_some(status)
}

fn answer(status: StatusCode) -> Vec<u8> {
    let (message, hint) = match status {
        StatusCode::URI_TOO_LONG => ("The address is too long.", "Ask for less at once."),
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
            ("The head of the request is too large.", "Send fewer or shorter headers.")
        }
        _ => (
            "This is not a request of HTTP/1.1.",
            "Percent-encode what is not plain in the address, and check the headers.",
        ),
    };
    let id = request_id::random().to_string();
    let error = Error {
        code: Code::InvalidRequest,
        message: message.to_owned(),
        hint: hint.to_owned(),
        request_id: id.clone(),
        second_factor: None,
    };
    let body = serde_json::to_string(&Envelope { error }).expect("an envelope is plain JSON");
    let mut head = format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n{}: {id}\r\n",
        body.len(),
        request_id::HEADER,
    );
    for (name, value) in HEADERS {
        head.extend([name.as_str(), ": ", value, "\r\n"]);
    }
    format!("{head}\r\n{body}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_librarys_own_refusals_are_replaced() {
        let theirs = b"HTTP/1.1 431 Too Large\r\nconnection: close\r\n\r\n";
        assert_eq!(refusal(theirs).map(|status| status.as_u16()), Some(431));
        let ours = b"HTTP/1.1 404 Not Found\r\nx-request-id: 1\r\n\r\n";
        assert_eq!(refusal(ours), None);
        for other in [&b"HTTP/1.1 200 OK\r\n\r\n"[..], b"", b"HTTP/1.1 4", b"fLaC"] {
            assert_eq!(refusal(other), None);
        }
    }
}
