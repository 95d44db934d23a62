//! Connections of the default client: none that idled for a while is used again.

use crate::clock::Clock;
use aws_sdk_cloudwatch::config::{ConfigBag, HttpClient, RuntimeComponents, SharedHttpClient};
use aws_sdk_cloudwatch::error::BoxError;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{HttpConnectorSettings, SharedHttpConnector};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// A connection that idled for longer may be dead without anybody's word: its other end closed it while this process was
/// frozen or busy, or a NAT forgot it. What goes over it is lost, or has a fate that nobody knows. By default the SDK keeps
/// connections for 90 seconds. The requests of one window come after each other; windows gain nothing by sharing a connection.
const MAX_IDLE: Duration = Duration::from_secs(3);

/// The SDK's own HTTP client, with less patience.
pub(super) struct FreshConnections {
    clock: Arc<dyn Clock>,
    pool: Mutex<Pool>,
}

struct Pool {
    client: SharedHttpClient,
    used_at: SystemTime,
    used: Instant,
}

impl FreshConnections {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let pool = Pool {
            client: connections(),
            used_at: clock.now(),
            used: Instant::now(),
        };
        Self {
            clock,
            pool: Mutex::new(pool),
        }
    }
}

impl Pool {
    /// The clock that ages connections stands still while a machine is suspended, and the time of day does not.
    fn renew_if_suspended(&mut self, now: SystemTime) {
        let awake = self.used.elapsed();
        let is_near = match now.duration_since(self.used_at) {
            Ok(passed) => passed.abs_diff(awake) <= MAX_IDLE,
            Err(_) => false,
        };
        if !is_near {
            self.client = connections();
        }
        (self.used_at, self.used) = (now, Instant::now());
    }
}

/// As the SDK makes its default, but for idle connections.
fn connections() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, components| {
        let tls = Provider::Rustls(CryptoMode::AwsLc);
        let mut connector = Connector::builder().tls_provider(tls);
        connector.set_connector_settings(settings.cloned());
        if let Some(components) = components {
            connector.set_sleep_impl(components.sleep_impl());
        }
        connector.set_proxy_config(Some(ProxyConfig::from_env()));
        connector.pool_idle_timeout(MAX_IDLE).build()
    })
}

impl HttpClient for FreshConnections {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let mut pool = self.pool.lock();
        pool.renew_if_suspended(self.clock.now());
        pool.client.http_connector(settings, components)
    }

    fn validate_base_client_config(
        &self,
        components: &RuntimeComponentsBuilder,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        let client = self.pool.lock().client.clone();
        client.validate_base_client_config(components, config)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.pool.lock().client.connector_metadata()
    }
}

impl std::fmt::Debug for FreshConnections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FreshConnections").finish_non_exhaustive()
    }
}
