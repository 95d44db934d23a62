//! Bodies of answers: whole ones, and those that break off or never end.

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Sleep;

const CHUNK: &[u8] = &[0; 16 * 1024];

/// What a body does when it is read.
#[derive(Debug)]
pub(crate) enum AnswerBody {
    Whole(Option<Bytes>),
    /// Some, and then the connection breaks.
    Truncated(Option<Bytes>),
    Endless,
    /// A byte after each pause.
    Slow(Duration, Pin<Box<Sleep>>),
}

impl AnswerBody {
    pub(crate) fn whole(bytes: Bytes) -> Self {
        Self::Whole(Some(bytes))
    }

    pub(crate) fn endless(pause: Duration) -> Self {
        if pause.is_zero() {
            Self::Endless
        } else {
            Self::Slow(pause, Box::pin(tokio::time::sleep(pause)))
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let frame = match &mut *self {
            Self::Whole(bytes) => {
                return Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes))));
            }
            Self::Truncated(bytes) => bytes.take().map_or_else(
                || Err(io::Error::from(io::ErrorKind::ConnectionReset)),
                |bytes| Ok(Frame::data(bytes)),
            ),
            Self::Endless => Ok(Frame::data(Bytes::from_static(CHUNK))),
            Self::Slow(pause, sleep) => {
                ready!(sleep.as_mut().poll(context));
                let next = tokio::time::Instant::now() + *pause;
                sleep.as_mut().reset(next);
                Ok(Frame::data(Bytes::from_static(b"0")))
            }
        };
        Poll::Ready(Some(frame))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            // Twice what comes.
            Self::Truncated(bytes) => {
                SizeHint::with_exact(2 * bytes.as_ref().map_or(1, Bytes::len) as u64)
            }
            Self::Endless | Self::Slow(..) => SizeHint::new(),
        }
    }
}
