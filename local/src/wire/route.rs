//! The operation that a request is for, by its method and path.

use http::{Method, StatusCode};

use super::error::{self, ServiceError};

const PREFIX: &str = "/service/GraniteServiceVersion20100801/operation/";

/// The operations that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    PutMetricData,
    ListMetrics,
    GetMetricStatistics,
    GetMetricData,
}

pub(crate) fn operation(method: &Method, path: &str) -> Result<Operation, ServiceError> {
    let found = match path.strip_prefix(PREFIX) {
        Some("PutMetricData") => Operation::PutMetricData,
        Some("ListMetrics") => Operation::ListMetrics,
        Some("GetMetricStatistics") => Operation::GetMetricStatistics,
        Some("GetMetricData") => Operation::GetMetricData,
        _ => {
            return Err(error::refused(
                StatusCode::NOT_FOUND,
                error::UNKNOWN_OPERATION,
                format!(
                    "There is no operation at this path; there are {PREFIX}PutMetricData, ListMetrics, GetMetricStatistics and GetMetricData."
                ),
            ));
        }
    };
    if method != Method::POST {
        return Err(error::refused(
            StatusCode::METHOD_NOT_ALLOWED,
            "MethodNotAllowed",
            "Every operation is a POST.",
        ));
    }
    Ok(found)
}
