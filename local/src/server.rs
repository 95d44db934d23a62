//! HTTP around the service, for as long as somebody holds the server.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::fault::{AnswerBody, Exchange, connector};
use crate::service::Service;
use crate::wire::body::MAX_WIRE_BYTES;

/// Before the next connection, after one that could not be accepted.
const PAUSE: Duration = Duration::from_millis(10);

/// A server that runs until it is dropped, and its connections with it.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(address: SocketAddr, service: Service) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        tracing::debug!(%address, "listening");
        Ok(Self {
            address,
            accepting: tokio::spawn(accept(listener, service)),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, service: Service) {
    // Owned by this task, so that the connections end when it is aborted.
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(serve(stream, service.clone()));
            }
            // No reason to stop: the connection failed before it began, or there are too many open
            // files, which lasts, and must not keep a processor busy.
            Err(error) => {
                tracing::debug!(%error, "a connection was not accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(stream: TcpStream, service: Service) {
    let (stream, socket) = match with_control(stream) {
        Ok(both) => both,
        Err(error) => {
            tracing::debug!(%error, "a connection ended");
            return;
        }
    };
    let socket = Arc::new(socket);
    let is_used = AtomicBool::new(false);
    let answer = service_fn(move |request: Request<Incoming>| {
        let (service, socket) = (service.clone(), Arc::clone(&socket));
        let is_used = is_used.swap(true, Ordering::Relaxed);
        async move {
            if is_used && service.faults().forgets_connections() {
                return behave(Exchange::Reset, &socket).await;
            }
            let (parts, body) = request.into_parts();
            // A body that breaks off ends the connection: any answer might be taken for the service's.
            let body = read(body).await.map_err(io::Error::other)?;
            behave(service.exchange(&Request::from_parts(parts, body)), &socket).await
        }
    });
    if let Err(error) = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), answer)
        .await
    {
        tracing::debug!(%error, "a connection ended");
    }
}

/// The connection, and a second hold of its socket, to close it as it is not done.
fn with_control(stream: TcpStream) -> io::Result<(TcpStream, std::net::TcpStream)> {
    let stream = stream.into_std()?;
    let socket = stream.try_clone()?;
    Ok((TcpStream::from_std(stream)?, socket))
}

async fn behave(
    exchange: Exchange,
    socket: &std::net::TcpStream,
) -> io::Result<Response<AnswerBody>> {
    match exchange {
        Exchange::Answer(response, latency) => {
            if !latency.is_zero() {
                tokio::time::sleep(latency).await;
            }
            Ok(response.map(AnswerBody::whole))
        }
        Exchange::Silence => std::future::pending().await,
        Exchange::Refuse | Exchange::Handshake | Exchange::Reset => {
            // What is closed without lingering is reset.
            socket2::SockRef::from(socket).set_linger(Some(Duration::ZERO))?;
            Err(io::ErrorKind::ConnectionReset.into())
        }
        Exchange::Truncated(response) => Ok(connector::truncated(response)),
        Exchange::HugeHeaders(mut response) => {
            let much = HeaderValue::from_bytes(&vec![b'x'; 64 * 1024]).map_err(io::Error::other)?;
            for _ in 0..16 {
                response.headers_mut().append("x-much", much.clone());
            }
            Ok(response.map(AnswerBody::whole))
        }
        Exchange::Endless(response, pause) => Ok(response.map(|_| AnswerBody::endless(pause))),
    }
}

/// The body, of which no more is kept than shows that it is too large. The rest is read all the same:
/// an answer before the sender is done would reach it as a reset connection, not as an answer.
async fn read(mut body: Incoming) -> Result<Bytes, hyper::Error> {
    let mut kept = BytesMut::new();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            let room = (MAX_WIRE_BYTES + 1).saturating_sub(kept.len());
            kept.extend_from_slice(&data[..data.len().min(room)]);
        }
    }
    Ok(kept.freeze())
}
