//! The SDK's HTTP client without a network: bytes in and bytes out, faults included.

use aws_sdk_cloudwatch::config::{HttpClient, SharedHttpClient};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::Response;
use http_body_util::BodyExt;
use std::io;

use super::{AnswerBody, Exchange};
use crate::service::Service;

/// Calls the service where another client would open a socket.
#[derive(Clone, Debug)]
struct InMemory(Service);

pub(crate) fn in_memory(service: Service) -> SharedHttpClient {
    SharedHttpClient::new(InMemory(service))
}

impl HttpClient for InMemory {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for InMemory {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let service = self.0.clone();
        HttpConnectorFuture::new(async move {
            let request = request
                .try_into_http1x()
                .map_err(|error| ConnectorError::user(error.into()))?;
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map_err(ConnectorError::user)?;
            let request = http::Request::from_parts(parts, body.to_bytes());
            answer(service.exchange(&request)).await
        })
    }
}

async fn answer(exchange: Exchange) -> Result<HttpResponse, ConnectorError> {
    let response = match exchange {
        Exchange::Answer(response, latency) => {
            if !latency.is_zero() {
                tokio::time::sleep(latency).await;
            }
            response.map(AnswerBody::whole)
        }
        Exchange::Silence => std::future::pending().await,
        Exchange::Refuse => return Err(broken(io::ErrorKind::ConnectionRefused)),
        Exchange::Handshake => {
            // What a client makes of a failed handshake is its own affair; there is no connection.
            let error =
                io::Error::new(io::ErrorKind::ConnectionRefused, "invalid peer certificate");
            return Err(ConnectorError::io(error.into()));
        }
        Exchange::Reset => return Err(broken(io::ErrorKind::ConnectionReset)),
        Exchange::HugeHeaders(_) => {
            let error = io::Error::new(io::ErrorKind::InvalidData, "message head is too large");
            return Err(ConnectorError::io(error.into()));
        }
        Exchange::Truncated(response) => truncated(response),
        Exchange::Endless(response, pause) => response.map(|_| AnswerBody::endless(pause)),
    };
    let response = response.map(SdkBody::from_body_1_x);
    HttpResponse::try_from(response).map_err(|error| ConnectorError::user(error.into()))
}

/// With a body that is there, as an answer to `PutMetricData` has none.
pub(crate) fn truncated(response: Response<Bytes>) -> Response<AnswerBody> {
    response.map(|_| AnswerBody::truncated(Bytes::from_static(b"\xbf")))
}

fn broken(kind: io::ErrorKind) -> ConnectorError {
    ConnectorError::io(io::Error::from(kind).into())
}
