//! The body of an answer, gathered in one piece.

use aws_sdk_cloudwatch::error::BoxError;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body::{Body, Frame};
use parking_lot::Mutex;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// An answer is empty, or an error of a few hundred bytes for each of the data that it does not like.
pub(crate) const MAX_BYTES: usize = 256 * 1024;

/// The SDK reads a body to its end, whatever that takes, and keeps it as it came: many small pieces cost many
/// times their bytes. This one is limited, and in one piece.
pub(crate) struct Answer {
    body: SdkBody,
    /// Whether the first of it is worth something: an error's code and first words are.
    may_be_cut: bool,
    read: Read,
}

/// What was read of a body, for those who do not get it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Read(Arc<Mutex<Part>>);

#[derive(Debug, Default)]
struct Part {
    gathered: Vec<u8>,
    /// What was gathered of a body that was too long.
    cut: Option<Bytes>,
    begins_like_html: bool,
}

impl Answer {
    pub(crate) fn new(body: SdkBody, may_be_cut: bool) -> (Self, Read) {
        let read = Read::default();
        let answer = Self {
            body,
            may_be_cut,
            read: read.clone(),
        };
        (answer, read)
    }
}

impl Read {
    /// What there is of a body that was cut, or has not ended yet.
    pub(crate) fn part(&self) -> Option<Bytes> {
        let part = self.0.lock();
        let rest = || (!part.gathered.is_empty()).then(|| Bytes::copy_from_slice(&part.gathered));
        part.cut.clone().or_else(rest)
    }

    /// Whether the whole body begins with a tag.
    pub(crate) fn begins_like_html(&self) -> bool {
        self.0.lock().begins_like_html
    }
}

impl Part {
    /// All that there will be.
    fn take(&mut self) -> Bytes {
        // The SDK asks once more, after the last.
        self.begins_like_html |= begins_like_html(&self.gathered);
        std::mem::take(&mut self.gathered).into()
    }
}

/// What the service sends is CBOR, which does not begin so, or nothing.
fn begins_like_html(body: &[u8]) -> bool {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    body.trim_ascii_start().starts_with(b"<")
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
            let is_cut = this.read.0.lock().cut.is_some();
            let frame = if is_cut {
                None
            } else {
                ready!(Pin::new(&mut this.body).poll_frame(context)?)
            };
            let mut part = this.read.0.lock();
            let Some(frame) = frame else {
                let whole = part.take();
                let frame = (!whole.is_empty()).then(|| Ok(Frame::data(whole)));
                return Poll::Ready(frame);
            };
            // Trailers say nothing here.
            let Ok(data) = frame.into_data() else {
                continue;
            };
            let room = MAX_BYTES - part.gathered.len();
            if data.len() <= room {
                part.gathered.extend_from_slice(&data);
                continue;
            }
            if !this.may_be_cut {
                return Poll::Ready(Some(Err("the answer is too long".into())));
            }
            part.gathered.extend_from_slice(&data[..room]);
            let first = part.take();
            part.cut = Some(first.clone());
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_begins_with_a_tag() {
        for (body, expected) in [
            ("<html>", true),
            ("<!doctype html>", true),
            ("\u{feff} \r\n<HTML>", true),
            ("", false),
            ("\u{bf}\u{ff}", false),
            ("{\"a\": \"<html>\"}", false),
        ] {
            assert_eq!(begins_like_html(body.as_bytes()), expected, "{body:?}");
        }
    }
}
