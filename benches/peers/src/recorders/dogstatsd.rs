//! `metrics-exporter-dogstatsd`, which sends to a socket of this process: a Unix one, as UDP may lose
//! what is sent.

use super::{COUNTER, Delivered, HISTOGRAM, Installed};
use anyhow::Result;
use metrics_exporter_dogstatsd::DogStatsDBuilder;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use std::{env, fs, process, str, thread};

/// Between two flushes; its default is three seconds.
const INTERVAL: Duration = Duration::from_secs(1);
/// What is not there after several flushes does not come.
const PATIENCE: Duration = Duration::from_secs(3);

static COUNTED: AtomicU64 = AtomicU64::new(0);
static SAMPLES: AtomicU64 = AtomicU64::new(0);

struct Dogstatsd {
    socket: PathBuf,
}

pub(super) fn install() -> Result<impl Installed> {
    let socket = env::temp_dir().join(format!("peers-{}.socket", process::id()));
    let agent = UnixDatagram::bind(&socket)?;
    thread::Builder::new().spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(length) = agent.recv(&mut buffer) {
            receive(&buffer[..length]);
        }
    })?;
    DogStatsDBuilder::default()
        .with_remote_address(format!("unixgram://{}", socket.display()))?
        .with_flush_interval(INTERVAL)
        .install()?;
    Ok(Dogstatsd { socket })
}

/// Lines as `name:value:value|d|#label:value`.
fn receive(payload: &[u8]) {
    for line in str::from_utf8(payload).unwrap_or_default().lines() {
        let mut parts = line.split('|').next().unwrap_or_default().split(':');
        match parts.next() {
            Some(COUNTER) => {
                let counted = parts.filter_map(|value| value.parse::<u64>().ok()).sum();
                COUNTED.fetch_add(counted, Ordering::Relaxed);
            }
            Some(HISTOGRAM) => {
                SAMPLES.fetch_add(parts.count() as u64, Ordering::Relaxed);
            }
            _ => {}
        }
    }
}

fn received() -> Delivered {
    Delivered {
        counted: COUNTED.load(Ordering::Relaxed),
        samples: SAMPLES.load(Ordering::Relaxed),
    }
}

impl Installed for Dogstatsd {
    fn finish(self: Box<Self>) -> Result<Option<Delivered>> {
        let mut seen = received();
        loop {
            thread::sleep(PATIENCE);
            let now = received();
            if (now.counted, now.samples) == (seen.counted, seen.samples) {
                return Ok(Some(now));
            }
            seen = now;
        }
    }
}

impl Drop for Dogstatsd {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.socket);
    }
}
