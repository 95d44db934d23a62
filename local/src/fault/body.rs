//! Bodies of answers: whole ones, and those that break off or never end.

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Sleep;

/// For what was written to leave.
const MOMENT: Duration = Duration::from_millis(1);
const CHUNK: &[u8] = &[0; 16 * 1024];

/// What a body does when it is read.
#[derive(Debug)]
pub(crate) enum AnswerBody {
    Whole(Option<Bytes>),
    /// Some, and when that has gone out the connection breaks.
    Truncated(Option<Bytes>, Pin<Box<Sleep>>),
    /// As much after each pause.
    Endless(&'static [u8], Duration, Pin<Box<Sleep>>),
}

impl AnswerBody {
    pub(crate) fn whole(bytes: Bytes) -> Self {
        Self::Whole(Some(bytes))
    }

    pub(crate) fn truncated(some: Bytes) -> Self {
        Self::Truncated(Some(some), Box::pin(tokio::time::sleep(MOMENT)))
    }

    pub(crate) fn endless(pause: Duration) -> Self {
        // Never without a pause: who reads it would not get round to anything else.
        let (chunk, pause) = if pause.is_zero() {
            (CHUNK, MOMENT)
        } else {
            (b"0".as_slice(), pause)
        };
        Self::Endless(chunk, pause, Box::pin(tokio::time::sleep(pause)))
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
            Self::Truncated(bytes, sleep) => {
                if let Some(bytes) = bytes.take() {
                    Ok(Frame::data(bytes))
                } else {
                    ready!(sleep.as_mut().poll(context));
                    Err(io::ErrorKind::ConnectionReset.into())
                }
            }
            Self::Endless(chunk, pause, sleep) => {
                ready!(sleep.as_mut().poll(context));
                let next = tokio::time::Instant::now() + *pause;
                sleep.as_mut().reset(next);
                Ok(Frame::data(Bytes::from_static(chunk)))
            }
        };
        Poll::Ready(Some(frame))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            // Twice what comes.
            Self::Truncated(bytes, _) => {
                SizeHint::with_exact(2 * bytes.as_ref().map_or(1, Bytes::len) as u64)
            }
            Self::Endless(..) => SizeHint::new(),
        }
    }
}
