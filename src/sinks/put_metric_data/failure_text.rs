//! What a person is told of a request that failed: first what they need, on one line.

use crate::sinks::put_metric_data::excerpt::{MAX_MESSAGE, excerpt};
use aws_sdk_cloudwatch::error::SdkError;
use aws_sdk_cloudwatch::operation::put_metric_data::PutMetricDataError;
use aws_smithy_runtime_api::http::HttpError;
use std::error::Error;
use std::io;

pub(crate) type Text = Box<dyn Error + Send + Sync>;

/// Short, and on one line.
pub(crate) fn line(text: &str) -> Text {
    excerpt(text, MAX_MESSAGE).into()
}

/// An answer that is an error, or makes no sense.
pub(crate) fn of_answer(status: u16, host: &str, code: Option<&str>, rest: &str) -> Text {
    let answer = format!("HTTP {status} from {host}");
    line(&match (code, rest) {
        (Some(code), "") => format!("{answer}: {code}"),
        (Some(code), message) => format!("{answer}: {code}: {message}"),
        (None, "") => format!("{answer} without an error code of the service (a proxy?)"),
        (None, causes) => format!("{answer}, not to be understood: {causes}"),
    })
}

/// What caused the error, which says itself only that there is one.
pub(crate) fn causes(error: &SdkError<PutMetricDataError>) -> String {
    let all: Vec<_> = chain(error).skip(1).collect();
    // What comes before an invalid URL shows the URL, password included, and the request.
    let first = all.iter().position(|cause| cause.is::<HttpError>());
    let causes = all[first.unwrap_or(0)..].iter().map(ToString::to_string);
    let line = causes.reduce(|line, cause| {
        // Many say what their cause says.
        if line.ends_with(&cause) {
            line
        } else {
            format!("{line}: {cause}")
        }
    });
    line.unwrap_or_else(|| error.to_string())
}

pub(crate) fn chain<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&cause| {
        match cause.downcast_ref::<io::Error>() {
            // Its `source` would skip what it carries.
            Some(error) => error.get_ref().map(|inner| inner as &(dyn Error + 'static)),
            None => cause.source(),
        }
    })
}
