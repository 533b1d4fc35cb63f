//! The content of a request that tells when it leaves: the connection is there by then, and opening it may have taken long.

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::Instant,
};
use tokio::sync::oneshot;

/// What a request carries, and the time at which its first bytes leave.
///
/// Nothing comes when the request is given up before. A request without content is told to leave in that case, too: that
/// is when its body is dropped, whether its head was written or no connection could be made.
#[must_use]
pub fn departing(content: impl Into<Bytes>) -> (reqwest::Body, oneshot::Receiver<Instant>) {
    let (leaving, left) = oneshot::channel();
    let content: Bytes = content.into();
    let departing = Departing {
        leaving: Some(leaving),
        is_empty: content.is_empty(),
        content: (!content.is_empty()).then_some(content),
    };
    (reqwest::Body::wrap(departing), left)
}

struct Departing {
    leaving: Option<oneshot::Sender<Instant>>,
    /// The client asks for nothing of such a body; it drops it right after it has written the head.
    is_empty: bool,
    content: Option<Bytes>,
}

impl Departing {
    fn leave(&mut self) {
        if let Some(leaving) = self.leaving.take() {
            // The receiver is gone when the call was given up.
            let _received = leaving.send(Instant::now());
        }
    }
}

impl Body for Departing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.leave();
        Poll::Ready(self.content.take().map(|content| Ok(Frame::data(content))))
    }

    fn is_end_stream(&self) -> bool {
        self.content.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let length = self.content.as_ref().map_or(0, Bytes::len);
        SizeHint::with_exact(length as u64)
    }
}

impl Drop for Departing {
    fn drop(&mut self) {
        if self.is_empty {
            self.leave();
        }
    }
}
