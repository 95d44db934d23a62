//! What the server does that the handler does not.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use cloudwatch_local::Local;

/// Nothing of it was stored, so nothing may tell the sender that it was.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_breaks_off_is_not_answered_with_success() {
    let local = Local::start().await.unwrap();
    let endpoint = local.endpoint();
    let mut stream = TcpStream::connect(endpoint.strip_prefix("http://").unwrap()).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    stream
        .write_all(
            b"POST /service/GraniteServiceVersion20100801/operation/PutMetricData HTTP/1.1\r\n\
              host: localhost\r\ntransfer-encoding: chunked\r\n\r\nno size\r\n",
        )
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(!answer.starts_with("HTTP/1.1 2"), "{answer}");
    assert!(local.requests().is_empty());
}
