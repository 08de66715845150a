//! A body on loan: what its reader leaves of it comes back.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use axum::{
    Error,
    body::{Body, Bytes},
};
use hyper::body::{Body as HttpBody, Frame, SizeHint};

/// Where a lent body returns to when its reader drops it.
#[derive(Clone, Default)]
pub(super) struct Lender(Arc<Mutex<Option<Body>>>);

struct Lent {
    /// Until its end was read.
    body: Option<Body>,
    lender: Lender,
}

impl Lender {
    pub(super) fn lend(&self, body: Body) -> Body {
        Body::new(Lent { body: Some(body), lender: self.clone() })
    }

    /// What was left; `None` where it was read to its end, or is read still.
    pub(super) fn take_back(&self) -> Option<Body> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let frame = ready!(Pin::new(body).poll_frame(cx));
        if !matches!(frame, Some(Ok(_))) {
            self.body = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let rest = self.body.take().filter(|body| !body.is_end_stream());
        *self.lender.0.lock().unwrap_or_else(PoisonError::into_inner) = rest;
    }
}

#[cfg(test)]
mod tests {
    use futures::{StreamExt as _, stream};

    use super::*;

    fn body() -> Body {
        let pieces = ["one", "two", "three"].map(|piece| Ok::<_, Error>(Bytes::from(piece)));
        Body::from_stream(stream::iter(pieces))
    }

    #[tokio::test]
    async fn what_is_left_comes_back() {
        let lender = Lender::default();
        let mut read = lender.lend(body()).into_data_stream();
        assert_eq!(read.next().await.unwrap().unwrap(), "one");
        assert!(lender.take_back().is_none(), "it is read still");
        drop(read);
        let mut rest = lender.take_back().unwrap().into_data_stream();
        assert_eq!(rest.next().await.unwrap().unwrap(), "two");

        let mut read = lender.lend(body()).into_data_stream();
        while read.next().await.is_some() {}
        drop(read);
        assert!(lender.take_back().is_none(), "nothing is left");
    }
}
