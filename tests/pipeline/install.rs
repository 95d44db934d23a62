//! `install`: the global recorder, on every kind of runtime and without one.

use crate::fixtures::alone::alone;
use crate::fixtures::scratch::Scratch;
use cloudwatch_local::{Local, ReceivedDatum};
use metrics::counter;
use metrics_exporter_cloudwatch::{CloudWatchBuilder, InstallError, MemorySink};

fn to_memory() -> CloudWatchBuilder {
    CloudWatchBuilder::new("Test").with_sink("test", MemorySink::new())
}

#[track_caller]
fn is_invalid(error: &InstallError) {
    let is_config = matches!(error, InstallError::Config(_));
    assert!(is_config, "{error}");
}

#[test]
fn without_a_runtime_of_the_application() {
    alone!();
    // The server's, not the application's.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let local = runtime.block_on(Local::start()).unwrap();
    is_invalid(
        &CloudWatchBuilder::new("AWS/Test")
            .install_blocking()
            .unwrap_err(),
    );

    let builder = CloudWatchBuilder::new("Test").with_client(local.client());
    let cloudwatch = builder.install_blocking().unwrap();
    counter!("n").increment(2);
    assert!(cloudwatch.flush().blocking().unwrap().is_complete());
    counter!("n").increment(3);
    assert!(cloudwatch.shutdown().blocking().unwrap().is_complete());
    let sums: Vec<f64> = local.received().iter().map(ReceivedDatum::sum).collect();
    assert_eq!(sums, [2.0, 3.0]);
}

/// After attempts that must fail and install nothing.
#[test]
fn on_a_runtime_of_one_thread() {
    alone!();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        is_invalid(&CloudWatchBuilder::new(":").install().await.unwrap_err());

        let local = Local::start().await.unwrap();
        let builder = CloudWatchBuilder::new("Test").with_client(local.client());
        let cloudwatch = builder.install().await.unwrap();
        counter!("n").increment(2);
        assert!(cloudwatch.shutdown().await.unwrap().is_complete());
        assert_eq!(local.received()[0].sum(), 2.0);
    });
}

/// A second recorder in the process is an error.
#[tokio::test(flavor = "multi_thread")]
async fn on_a_runtime_of_many_threads_once() {
    alone!();
    let local = Local::start().await.unwrap();
    let builder = CloudWatchBuilder::new("Test").with_client(local.client());
    let cloudwatch = builder.install().await.unwrap();
    counter!("n").increment(2);
    assert!(cloudwatch.flush().await.unwrap().is_complete());
    assert_eq!(local.received()[0].sum(), 2.0);

    let error = to_memory().install().await.unwrap_err();
    assert!(matches!(error, InstallError::RecorderInstalled), "{error}");
    let error = to_memory().install_blocking().unwrap_err();
    assert!(matches!(error, InstallError::RecorderInstalled), "{error}");

    counter!("n").increment(3);
    assert!(cloudwatch.shutdown().await.unwrap().is_complete());
    assert_eq!(local.received()[1].sum(), 3.0);
}

/// The recorder under a prefix, and another recorder beside it.
#[tokio::test]
async fn with_layers() {
    use metrics_util::layers::{FanoutBuilder, Layer, PrefixLayer};

    alone!();
    let local = Local::start().await.unwrap();
    let beside = MemorySink::new();
    let builder = CloudWatchBuilder::new("Test").with_sink("beside", beside.clone());
    let (other, exporter) = builder.build().unwrap();
    let other_handle = exporter.handle();
    tokio::spawn(exporter.run());

    let builder = CloudWatchBuilder::new("Test").with_client(local.client());
    let layers = |recorder| {
        let fanout = FanoutBuilder::default()
            .add_recorder(recorder)
            .add_recorder(other);
        PrefixLayer::new("shop").layer(fanout.build())
    };
    let cloudwatch = builder.install_with(layers).await.unwrap();
    counter!("n").increment(2);
    assert!(cloudwatch.shutdown().await.unwrap().is_complete());
    assert!(other_handle.shutdown().await.unwrap().is_complete());
    let received = &local.received()[0];
    assert_eq!((&*received.metric_name, received.sum()), ("shop.n", 2.0));
    assert_eq!(beside.sum("shop.n", &[]), 2.0);
}

/// A layer that panics is told, and nothing is installed by it.
#[test]
fn with_layers_and_no_runtime() {
    use metrics_util::layers::{Layer, PrefixLayer};

    alone!();
    let broken = |_| -> metrics::NoopRecorder { panic!("a layer's own fault") };
    let error = to_memory().install_blocking_with(broken).unwrap_err();
    assert!(matches!(error, InstallError::Thread(_)), "{error}");

    let sink = MemorySink::new();
    let builder = CloudWatchBuilder::new("Test").with_sink("test", sink.clone());
    let layers = |recorder| PrefixLayer::new("shop").layer(recorder);
    let cloudwatch = builder.install_blocking_with(layers).unwrap();
    counter!("n").increment(2);
    assert!(cloudwatch.shutdown().blocking().unwrap().is_complete());
    assert_eq!(sink.sum("shop.n", &[]), 2.0);
}

/// Whoever writes the log of a journal that is being opened takes long: a pipe in the place of its lock is worth a line.
#[cfg(unix)]
#[tokio::test]
async fn others_go_on_while_a_journal_is_opened() {
    use std::sync::{Mutex, mpsc};
    use std::time::Duration;

    /// Waits for a beat where the journal is being opened.
    struct Slow(Mutex<(mpsc::Receiver<()>, mpsc::Sender<bool>)>);

    impl std::io::Write for &Slow {
        fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
            if String::from_utf8_lossy(line).contains("`lock` cannot be used") {
                let (beats, has_beat) = &*self.0.lock().unwrap();
                // Without a beat this fails, but does not hang.
                let is_there = beats.recv_timeout(Duration::from_mins(1)).is_ok();
                has_beat.send(is_there).unwrap();
            }
            Ok(line.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    alone!();
    let scratch = Scratch::new();
    std::fs::create_dir_all(scratch.path()).unwrap();
    let pipe = scratch.path().join("lock");
    let mkfifo = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(mkfifo.unwrap().success());

    let (beat, beats) = mpsc::channel();
    let (to_test, has_beat) = mpsc::channel();
    let slow: &Slow = Box::leak(Box::new(Slow(Mutex::new((beats, to_test)))));
    let log = tracing_subscriber::fmt().with_writer(move || slow).finish();
    tracing::subscriber::set_global_default(log).unwrap();
    let sink = MemorySink::new();
    let builder = CloudWatchBuilder::new("Test").with_sink("test", sink.clone());
    let install = tokio::spawn(builder.with_journal(scratch.path(), 1 << 24).install());
    // Runs after the other task has been polled, on this same thread.
    tokio::task::yield_now().await;
    assert!(!install.is_finished());
    beat.send(()).unwrap();
    let cloudwatch = install.await.unwrap().unwrap();
    assert!(has_beat.recv().unwrap(), "the runtime was held up");

    counter!("n").increment(2);
    assert!(cloudwatch.shutdown().await.unwrap().is_complete());
    assert_eq!(sink.sum("n", &[]), 2.0);
}

/// By the SDK's chain, in environments that lead to no region, to no credentials, and to both.
#[cfg(feature = "aws-config")]
mod by_the_environment {
    use crate::fixtures::alone::alone;
    use cloudwatch_local::Local;
    use metrics::counter;
    use metrics_exporter_cloudwatch::{BuildError, CloudWatchBuilder, InstallError, MemorySink};
    use std::process::Command;
    use tokio::runtime::Runtime;

    const KEYS: [(&str, &str); 2] = [
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ];
    const REGION: (&str, &str) = ("AWS_REGION", "eu-central-1");

    /// An environment cannot be changed safely in a process that has threads, so it is a child's.
    fn only(
        environment: impl IntoIterator<Item = (&'static str, &'static str)>,
    ) -> impl FnOnce(&mut Command) {
        move |child| {
            child
                .env_clear()
                // No instance to ask for credentials, and no files to find them in.
                .env("AWS_EC2_METADATA_DISABLED", "true")
                .env("AWS_CONFIG_FILE", "/nonexistent")
                .env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
                .envs(environment);
        }
    }

    #[track_caller]
    fn refuses(says: &str) {
        let error = CloudWatchBuilder::new("Test")
            .install_blocking()
            .unwrap_err();
        assert!(error.to_string().starts_with(says), "{error}");
        let building = CloudWatchBuilder::new("Test").build_with_default_client();
        let error = runtime().block_on(building).unwrap_err();
        assert!(error.to_string().starts_with(says), "{error}");
    }

    fn runtime() -> Runtime {
        Runtime::new().unwrap()
    }

    #[test]
    fn without_a_region() {
        alone!(only(KEYS));
        refuses("no AWS region: set it in");
    }

    #[test]
    fn without_credentials() {
        alone!(only([REGION]));
        refuses("no AWS credentials");
    }

    #[test]
    fn with_both() {
        alone!(only(KEYS.into_iter().chain([REGION])));
        let installed = CloudWatchBuilder::new("Test").install_blocking();
        assert!(installed.is_ok(), "{installed:?}");
    }

    #[test]
    fn with_a_region_and_an_endpoint_of_the_builder() {
        alone!(only(KEYS));
        let runtime = runtime();
        let local = runtime.block_on(Local::start()).unwrap();
        let builder = CloudWatchBuilder::new("Test").with_region("eu-central-1");
        let builder = builder.with_endpoint_url(local.endpoint());
        let cloudwatch = builder.install_blocking().unwrap();
        counter!("n").increment(2);
        assert!(cloudwatch.shutdown().blocking().unwrap().is_complete());
        assert_eq!(local.received()[0].sum(), 2.0);
    }

    /// The child has a server of its own, which gets nothing.
    #[test]
    fn with_an_endpoint_of_the_environment() {
        let runtime = runtime();
        let local = runtime.block_on(Local::start()).unwrap();
        let endpoint = local.endpoint();
        alone!(move |child: &mut Command| {
            only(KEYS.into_iter().chain([REGION]))(child);
            child.env("AWS_ENDPOINT_URL_CLOUDWATCH", endpoint);
        });
        let builder = CloudWatchBuilder::new("Test");
        let cloudwatch = builder.install_blocking().unwrap();
        counter!("n").increment(2);
        let report = cloudwatch.shutdown().blocking().unwrap();
        assert!(report.is_complete(), "{report:?}");
        assert_eq!(local.received(), []);
    }

    #[test]
    fn built_with_the_default_client() {
        alone!(only(KEYS.into_iter().chain([REGION])));
        runtime().block_on(async {
            let local = Local::start().await.unwrap();
            let builder = CloudWatchBuilder::new("Test").with_endpoint_url(local.endpoint());
            let (recorder, exporter) = builder.build_with_default_client().await.unwrap();
            let cloudwatch = exporter.handle();
            tokio::spawn(exporter.run());
            counter!("global").increment(1);
            metrics::with_local_recorder(&recorder, || counter!("n").increment(2));
            assert!(cloudwatch.shutdown().await.unwrap().is_complete());
            let received = local.received();
            assert_eq!((received.len(), received[0].sum()), (1, 2.0));
        });
    }

    #[test]
    fn what_is_no_endpoint_is_told_at_once() {
        alone!(only(KEYS.into_iter().chain([REGION])));
        for url in [
            "",
            "127.0.0.1:4000",
            "http://",
            "https:///path",
            "ftp://host",
        ] {
            let builder = CloudWatchBuilder::new("Test").with_endpoint_url(url);
            let error = builder.install_blocking().unwrap_err();
            let says = matches!(&error, InstallError::EndpointUrl(told) if told == url);
            assert!(says, "{error}");
        }
    }

    #[test]
    fn a_client_or_a_sink_of_ones_own_has_its_own() {
        let own = || CloudWatchBuilder::new("Test").with_sink("test", MemorySink::new());
        for builder in [
            own().with_region("eu-central-1"),
            own().with_endpoint_url("http://host"),
        ] {
            let error = builder.build().unwrap_err();
            assert!(matches!(error, BuildError::NotForOwnClient), "{error}");
        }
    }
}
