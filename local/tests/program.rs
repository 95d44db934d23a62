//! The program: it says where it is, and shows what arrives.
#![cfg(feature = "cli")]

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use aws_sdk_cloudwatch::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_cloudwatch::types::MetricDatum;
use aws_sdk_cloudwatch::{Client, Config};

/// Ends the program however the test ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The lines as they come. One that does not come fails the test, and does not hang it.
fn lines(out: ChildStdout) -> impl Iterator<Item = String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut lines = BufReader::new(out).lines().map_while(Result::ok);
        while lines.next().is_some_and(|line| sender.send(line).is_ok()) {}
    });
    std::iter::from_fn(move || receiver.recv_timeout(Duration::from_mins(1)).ok())
}

#[tokio::test(flavor = "multi_thread")]
async fn it_prints_its_endpoint_and_what_arrives() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_cloudwatch-local"));
    let mut program = Running(program.stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = lines(program.0.stdout.take().unwrap());
    let setting = lines.find_map(|line| {
        Some(
            line.trim()
                .strip_prefix("export AWS_ENDPOINT_URL_CLOUDWATCH=")?
                .to_owned(),
        )
    });

    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "test"))
        .endpoint_url(setting.unwrap())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    let client = Client::from_conf(config);
    let put = async |value| {
        let datum = MetricDatum::builder()
            .metric_name("orders")
            .value(value)
            .build();
        client
            .put_metric_data()
            .namespace("shop")
            .metric_data(datum)
            .send()
            .await
    };
    put(3.5).await.unwrap();
    put(f64::NAN).await.unwrap_err();

    let headings = lines.find(|line| line.starts_with("time")).unwrap();
    let row = lines.next().unwrap();
    assert_eq!(
        headings.find("metric"),
        row.find("shop orders"),
        "{headings}\n{row}"
    );
    assert!(row.ends_with("1  3.5  3.5  3.5"), "{row}");
    let refusal = lines.next().unwrap();
    assert!(
        refusal.starts_with("refused, InvalidParameterValue: The value NaN"),
        "{refusal}"
    );
}

#[test]
fn it_says_why_it_cannot_listen() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = Command::new(env!("CARGO_BIN_EXE_cloudwatch-local"))
        .args(["--listen", &address])
        .output()
        .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    let expected = format!("cloudwatch-local: cannot listen on {address}: ");
    assert!(error.starts_with(&expected), "{error}");
}
