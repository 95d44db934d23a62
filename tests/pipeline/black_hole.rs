//! A route that swallows what is sent: no connection, and no word of it.

use crate::sending::{class, send};
use aws_credential_types::credential_fn::provide_credentials_fn;
use aws_credential_types::provider::ProvideCredentials;
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::config::Credentials;
use cloudwatch_local::Local;
use socket2::{Domain, Socket, Type};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A listener that nobody accepts from, with all its places taken.
struct BlackHole {
    address: SocketAddr,
    _listener: Socket,
    _in_its_way: Vec<TcpStream>,
}

impl BlackHole {
    fn new() -> Self {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        listener.bind(&any.into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap().as_socket().unwrap();
        let connect = || TcpStream::connect_timeout(&address, Duration::from_millis(100)).ok();
        let in_its_way = std::iter::from_fn(connect).take(100).collect::<Vec<_>>();
        assert!(in_its_way.len() < 100, "there is always room for one more");
        Self {
            address,
            _listener: listener,
            _in_its_way: in_its_way,
        }
    }

    fn client(&self, local: &Local, credentials: impl ProvideCredentials + 'static) -> Client {
        let config = local.client().config().to_builder();
        let config = config
            .credentials_provider(credentials)
            .endpoint_url(format!("http://{}", self.address));
        Client::from_conf(config.build())
    }
}

/// Time is paused, so that it is over where only the connection is waited for.
#[tokio::test(start_paused = true)]
async fn no_connection_in_time_is_nothing_sent() {
    let hole = BlackHole::new();
    // Credentials have five seconds, by the SDK.
    let timeout = Duration::from_secs(4);
    let credentials = Credentials::new("local", "local", None, None, "test");
    let local = Local::start().await.unwrap();
    let error = send(hole.client(&local, credentials.clone()), 1, timeout).await;
    assert_eq!(class(error.as_ref()), "transient", "{error:?}");
    // Credentials that leave less time than a connection has.
    let slow = provide_credentials_fn(move || {
        let credentials = credentials.clone();
        async move {
            tokio::time::sleep(timeout * 3 / 4).await;
            Ok(credentials)
        }
    });
    let error = send(hole.client(&local, slow), 1, timeout).await;
    assert_eq!(class(error.as_ref()), "transient", "{error:?}");
}
