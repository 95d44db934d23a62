//! One small error type per operation.

pub use crate::settings::ConfigError;

use crate::journal::JournalError;

/// Why [`build`](crate::CloudWatchBuilder::build), or the lookup of the default client, could not.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// An invalid setting.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// There is nowhere to send to: `build` looks nothing up, so it needs `with_client`, `with_sink` or a destination with
    /// a sink; `build_with_default_client` looks a client up.
    #[error(
        "nowhere to send to: call with_client or with_sink first, or build_with_default_client instead"
    )]
    NoSink,
    /// The journal could not be opened: another process has it, or the system says no.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Neither the client nor the AWS configuration has a region, and so no endpoint to send to.
    #[error(
        "no AWS region: set it in the client's configuration, by with_region, by AWS_REGION, or in the profile"
    )]
    NoRegion,
    /// The AWS configuration leads to no credentials.
    #[error(
        "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give the \
         machine a role"
    )]
    Credentials(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The region is no part of a host's name, so that there is no endpoint.
    #[error("{0:?} is no AWS region: letters, digits and hyphens, as in a host's name")]
    Region(String),
    /// The endpoint is no URL: `http://` or `https://`, and a host. It comes from `with_endpoint_url`, the client's
    /// configuration, `AWS_ENDPOINT_URL_CLOUDWATCH`, `AWS_ENDPOINT_URL`, or the profile.
    #[error("{0:?} is no endpoint: it begins with http:// or https://, and a host")]
    EndpointUrl(String),
    /// `with_region` or `with_endpoint_url` are for the default client, and there is a client or a sink of your own.
    #[error("with_region and with_endpoint_url are of no use to a client or a sink of your own")]
    NotForOwnClient,
}

/// Why [`install`](crate::CloudWatchBuilder::install) could not. Nothing is installed then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstallError {
    /// An invalid setting.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The journal could not be opened: another process has it, or the system says no.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Neither the client nor the AWS configuration has a region, and so no endpoint to send to.
    #[error(
        "no AWS region: set it in the client's configuration, by with_region, by AWS_REGION, or in the profile"
    )]
    NoRegion,
    /// The AWS configuration leads to no credentials.
    #[error(
        "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give the \
         machine a role"
    )]
    Credentials(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The region is no part of a host's name, so that there is no endpoint.
    #[error("{0:?} is no AWS region: letters, digits and hyphens, as in a host's name")]
    Region(String),
    /// The endpoint is no URL: `http://` or `https://`, and a host. It comes from `with_endpoint_url`, the client's
    /// configuration, `AWS_ENDPOINT_URL_CLOUDWATCH`, `AWS_ENDPOINT_URL`, or the profile.
    #[error("{0:?} is no endpoint: it begins with http:// or https://, and a host")]
    EndpointUrl(String),
    /// Region and endpoint URL are for the default client.
    #[error("with_region and with_endpoint_url are of no use to a client or a sink of your own")]
    NotForOwnClient,
    /// Without the feature `aws-config` there has to be a client or a sink.
    #[error("no client: enable the feature aws-config, or call with_client or with_sink first")]
    NoClient,
    /// The process has a global recorder already, which cannot be replaced.
    #[error("a global metrics recorder is installed already")]
    RecorderInstalled,
    /// The exporter's thread could not be started, or panicked before the exporter ran.
    #[error("the exporter's thread could not be started")]
    Thread(#[source] std::io::Error),
}

impl From<BuildError> for InstallError {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::Config(error) => Self::Config(error),
            BuildError::NoSink => Self::NoClient,
            BuildError::Journal(error) => Self::Journal(error),
            BuildError::NoRegion => Self::NoRegion,
            BuildError::Credentials(error) => Self::Credentials(error),
            BuildError::Region(region) => Self::Region(region),
            BuildError::EndpointUrl(url) => Self::EndpointUrl(url),
            BuildError::NotForOwnClient => Self::NotForOwnClient,
        }
    }
}

/// Why a flush or a shutdown was not tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FlushError {
    /// The exporter does not run any more: it was shut down, its runtime was, or its task panicked.
    #[error("the exporter does not run any more")]
    Stopped,
    /// Nobody called [`run`](crate::CloudWatchExporter::run) or
    /// [`run_on_thread`](crate::CloudWatchExporter::run_on_thread).
    #[error("the exporter does not run: call its run or run_on_thread first")]
    NotRunning,
    /// This process was forked from the one that the exporter runs in, and has no exporter of its own. What was
    /// recorded before the fork is published there.
    #[error("the exporter runs in the process that this one was forked from")]
    Forked,
    /// There is no destination of the name that [`flush_destination`](crate::CloudWatchHandle::flush_destination) was given.
    #[error("there is no destination of that name")]
    NoDestination,
    /// A collector, which a snapshot [waits for](crate::CloudWatchBuilder::on_snapshot), asked for a snapshot.
    #[error("a collector, which a snapshot waits for, cannot wait for a snapshot")]
    WithinSnapshot,
    /// [`blocking`](crate::Flush::blocking) on a thread that the exporter needs would wait for itself.
    #[error(
        "the exporter needs the thread that this would block: await it, or block in tokio::task::spawn_blocking"
    )]
    OwnRuntime,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error;
    use std::io;
    use std::path::Path;

    /// So that `?` takes each of them into a boxed error, in any thread.
    const _: () = {
        const fn is_error<E: Error + Send + Sync + 'static>() {}
        is_error::<BuildError>();
        is_error::<InstallError>();
        is_error::<FlushError>();
        is_error::<ConfigError>();
        is_error::<JournalError>();
        is_error::<crate::PutError>();
        is_error::<crate::Refusal>();
        is_error::<crate::SendError>();
        is_error::<crate::limits::TextFault>();
        is_error::<crate::limits::ValueFault>();
        is_error::<crate::limits::TimestampFault>();
    };

    #[test]
    fn why_nothing_was_built_is_one_level_deep_and_keeps_its_source() {
        let locked = JournalError::io("lock", Path::new("a"), io::Error::other("no"));
        let error = InstallError::from(BuildError::from(locked));
        assert!(matches!(error, InstallError::Journal(_)), "{error:?}");
        assert_eq!(error.to_string(), "could not lock a");
        assert_eq!(error.source().unwrap().to_string(), "no");
        let error = InstallError::from(BuildError::from(ConfigError::MaxInFlight));
        let is_config = matches!(error, InstallError::Config(ConfigError::MaxInFlight));
        assert!(is_config, "{error:?}");
        let error = InstallError::from(BuildError::NoRegion);
        assert!(matches!(error, InstallError::NoRegion), "{error:?}");
        let error = InstallError::Thread(io::Error::other("none left"));
        assert_eq!(error.source().unwrap().to_string(), "none left");
        let error = InstallError::Credentials("expired".into());
        assert_eq!(error.source().unwrap().to_string(), "expired");
    }
}
