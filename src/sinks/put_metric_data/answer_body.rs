//! The body of an answer, gathered in one piece.

use aws_sdk_cloudwatch::error::BoxError;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body::{Body, Frame};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// An answer is empty, or an error of a few hundred bytes for each of the data that it does not like.
pub(crate) const MAX_BYTES: usize = 256 * 1024;

/// The SDK reads a body to its end, whatever that takes, and keeps it as it came: many small pieces cost many
/// times their bytes. This one is limited, and in one piece.
pub(crate) struct Answer {
    body: SdkBody,
    gathered: Vec<u8>,
}

impl Answer {
    pub(crate) fn new(body: SdkBody) -> Self {
        Self {
            body,
            gathered: Vec::new(),
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        loop {
            let frame = ready!(Pin::new(&mut this.body).poll_frame(context)?);
            let Some(frame) = frame else {
                let whole = std::mem::take(&mut this.gathered);
                let frame = (!whole.is_empty()).then(|| Ok(Frame::data(whole.into())));
                return Poll::Ready(frame);
            };
            // Trailers say nothing here.
            let Ok(data) = frame.into_data() else {
                continue;
            };
            if this.gathered.len() + data.len() > MAX_BYTES {
                return Poll::Ready(Some(Err("the answer is too long".into())));
            }
            this.gathered.extend_from_slice(&data);
        }
    }
}
