//! One small error type per operation.

pub use crate::config::ConfigError;

/// Why [`build`](crate::CloudWatchBuilder::build) could not.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A setting cannot be.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// There is nowhere to send to: `build` looks nothing up, so it needs `with_client` or
    /// `with_sink`.
    #[error("nowhere to send to: call with_client or with_sink first")]
    NoSink,
    /// Neither the client nor the AWS configuration has a region, and so no endpoint to send to.
    #[error(
        "no AWS region: set it in the client's configuration, by AWS_REGION, or in the profile"
    )]
    NoRegion,
}

/// Why [`install`](crate::CloudWatchBuilder::install) could not. Nothing is installed then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstallError {
    /// The exporter could not be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// There is no Tokio runtime to spawn the exporter on.
    #[error("no Tokio runtime is running here: call install within one, or install_blocking")]
    NoRuntime,
    /// The AWS configuration leads to no credentials.
    #[error("no AWS credentials")]
    Credentials(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The process has a global recorder already, which cannot be replaced.
    #[error("a global metrics recorder is installed already")]
    RecorderInstalled,
    /// The exporter's thread could not be started.
    #[error("the exporter's thread could not be started")]
    Thread(#[source] std::io::Error),
}

impl From<ConfigError> for InstallError {
    fn from(error: ConfigError) -> Self {
        Self::Build(error.into())
    }
}

/// The exporter does not run any more: it was shut down, or its runtime was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the exporter does not run any more")]
#[non_exhaustive]
pub struct Stopped;
