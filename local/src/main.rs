//! A CloudWatch in a terminal: prints its endpoint, then what arrives.

mod table;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser;
use cloudwatch_local::Local;

use crate::table::Table;

/// A CloudWatch for this machine: real wire, strict rules, everything in memory.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The address to listen on; port 0 is a free one. There is no authentication.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read has read enough, as `head` does.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cloudwatch-local: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(Arguments { listen }: Arguments) -> io::Result<()> {
    let local = Local::builder().with_address(listen).start().await;
    let local = local.map_err(|error| {
        io::Error::new(error.kind(), format!("cannot listen on {listen}: {error}"))
    })?;
    greet(&local.endpoint())?;
    tokio::select! {
        printed = print(&local) => printed,
        interrupted = tokio::signal::ctrl_c() => interrupted,
    }
}

fn greet(endpoint: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "Listening on {endpoint} until Ctrl-C. Point an SDK at it:\n"
    )?;
    writeln!(out, "  export AWS_ENDPOINT_URL_CLOUDWATCH={endpoint}")?;
    writeln!(
        out,
        "  export AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local\n"
    )?;
    out.flush()
}

/// Prints each request as it comes: its data, or why it was refused.
async fn print(local: &Local) -> io::Result<()> {
    let mut table = Table::default();
    let (mut requests, mut data) = (0, 0);
    loop {
        for request in local.requests_beyond(requests).await {
            requests += 1;
            let mut out = io::stdout().lock();
            if let Some(refusal) = request.refusal {
                let message = refusal.message.replace('\n', "\n  ");
                writeln!(out, "refused, {}: {message}", refusal.code)?;
            } else {
                // An accepted request and its data arrive together.
                let received = local.service().received_from(data, request.data);
                data += received.len();
                out.write_all(table.rows(&received).as_bytes())?;
            }
            out.flush()?;
        }
    }
}
