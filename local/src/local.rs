//! What a test holds: a running server, its endpoint, its client and what it has received.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::SystemTime;

use aws_sdk_cloudwatch::Client;

use crate::client;
use crate::fault::Faults;
use crate::received::{ReceivedDatum, ReceivedRequest};
use crate::server::Server;
use crate::service::Service;

/// A CloudWatch on loopback, until it is dropped.
///
/// Dropping it closes its port and its connections: keep it in a variable, and note that `let _ =`
/// drops at once.
#[derive(Debug)]
#[must_use = "the server stops when this is dropped"]
pub struct Local {
    service: Service,
    server: Server,
}

impl Local {
    /// Starts a server on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// If no port can be opened.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// A server with a clock or an address of your own.
    pub fn builder() -> Builder {
        Builder {
            service: Service::new(),
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        }
    }

    /// The URL of the server, `http://127.0.0.1:…`, for any SDK's endpoint setting.
    #[must_use]
    pub fn endpoint(&self) -> String {
        let mut address = self.server.address;
        // A server on every address is reached on loopback.
        if address.ip().is_unspecified() {
            address.set_ip(match address {
                SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            });
        }
        format!("http://{address}")
    }

    /// A client of this server: the real SDK's, with credentials that are good for nothing else.
    ///
    /// It is the SDK's default in everything else (three attempts, the time-outs of the latest
    /// behavior version). Each call makes a new one; clones of a client share its connections.
    #[must_use]
    pub fn client(&self) -> Client {
        // Plain HTTP, so that no certificates are loaded.
        let http = aws_smithy_http_client::Builder::new().build_http();
        Client::from_conf(client::config(&self.endpoint(), http))
    }

    /// Every datum that was accepted, in the order of arrival.
    #[must_use]
    pub fn received(&self) -> Vec<ReceivedDatum> {
        self.service.received()
    }

    /// Waits until more than `seen` data were accepted, and returns those after the first `seen`.
    ///
    /// It may be dropped at any time, and loses nothing by it.
    pub async fn received_beyond(&self, seen: usize) -> Vec<ReceivedDatum> {
        self.service.received_beyond(seen).await
    }

    /// Every attempt at `PutMetricData`, accepted or refused, in the order of arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<ReceivedRequest> {
        self.service.requests()
    }

    /// Waits until there were more than `seen` attempts at `PutMetricData`, and returns those after
    /// the first `seen`.
    ///
    /// It may be dropped at any time, and loses nothing by it.
    pub async fn requests_beyond(&self, seen: usize) -> Vec<ReceivedRequest> {
        self.service.requests_beyond(seen).await
    }

    /// What happens to attempts at `PutMetricData`: by default nothing.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        self.service.faults()
    }

    /// The service behind the server, which answers requests without a socket too.
    #[must_use]
    pub fn service(&self) -> &Service {
        &self.service
    }
}

/// How a [`Local`] starts.
#[derive(Debug)]
#[must_use = "nothing starts before `start`"]
pub struct Builder {
    service: Service,
    address: SocketAddr,
}

impl Builder {
    /// What the service takes for the present, by default the system's clock.
    ///
    /// It decides which timestamps are too old or too far ahead, and is the time of data that come
    /// without a timestamp.
    pub fn with_clock(self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self {
            service: Service::with_clock(clock),
            ..self
        }
    }

    /// The address to listen on, by default a free port (0) of 127.0.0.1.
    ///
    /// There is no authentication: an address that others can reach lets them in.
    pub fn with_address(self, address: SocketAddr) -> Self {
        Self { address, ..self }
    }

    /// Starts the server, on the runtime that this is called in.
    ///
    /// # Errors
    ///
    /// If the address cannot be listened on.
    pub async fn start(self) -> io::Result<Local> {
        let server = Server::start(self.address, self.service.clone()).await?;
        Ok(Local {
            service: self.service,
            server,
        })
    }
}
