//! Loom models of the inbox: flushes and shutdowns are answered or known to be refused, and a flush covers what was
//! recorded before it. The inbox's own file is compiled here once more, against loom's types.

#[path = "inbox.rs"]
#[allow(
    dead_code,
    clippy::duplicate_mod,
    reason = "the models need a part of the whole file, against other types"
)]
mod inbox;

/// Stands for the types of the same name in [`crate::inbox_sync`].
mod inbox_sync {
    pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(loom::sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> loom::sync::MutexGuard<'_, T> {
            self.0.lock().unwrap()
        }
    }

    /// The models look by themselves; that Tokio wakes whoever waits is Tokio's to prove.
    pub(crate) struct Notify;

    #[allow(
        clippy::unused_self,
        clippy::unused_async,
        reason = "with the interface of Tokio's"
    )]
    impl Notify {
        pub(crate) fn new() -> Self {
            Self
        }

        pub(crate) fn notify_one(&self) {}

        pub(crate) async fn notified(&self) {}
    }
}

use inbox::Inbox;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicU64, Ordering};
use loom::thread;

/// Explores all interleavings that need no more than two preemptions, or three with `LONG_TESTS=1`.
fn explore(model: impl Fn() + Send + Sync + 'static) {
    let more = usize::from(std::env::var("LONG_TESTS").is_ok_and(|long| long == "1"));
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2 + more);
    builder.check(model);
}

/// What became of a command: nothing so far, answered with so many samples sent, or let go.
struct Reply(Arc<AtomicU64>);

const NOTHING: u64 = u64::MAX;
const LET_GO: u64 = u64::MAX - 1;

impl Reply {
    fn new() -> (Self, Arc<AtomicU64>) {
        let fate = Arc::new(AtomicU64::new(NOTHING));
        (Self(Arc::clone(&fate)), fate)
    }

    fn answer(&self, sent: u64) {
        self.0.store(sent, Ordering::Release);
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if self.0.load(Ordering::Relaxed) == NOTHING {
            self.0.store(LET_GO, Ordering::Release);
        }
    }
}

enum Command {
    Flush(Reply),
    Shutdown(Reply),
}

/// What the exporter does with them: takes all for each, stops after a shutdown, and lets go of what comes too late.
fn run(commands: &Inbox<Command>, recorded: &AtomicU64) -> u64 {
    let (mut sent, mut is_stopping) = (0, false);
    while !is_stopping {
        let taken = commands.take();
        if taken.is_empty() {
            thread::yield_now();
        }
        for command in taken {
            if !is_stopping {
                sent += recorded.swap(0, Ordering::Relaxed);
            }
            match command {
                Command::Flush(reply) => reply.answer(sent),
                Command::Shutdown(reply) => {
                    is_stopping = true;
                    reply.answer(sent);
                }
            }
        }
    }
    commands.close();
    drop(commands.take());
    sent
}

/// One thread records and flushes while another shuts down.
#[test]
fn nobody_waits_for_ever_and_a_flush_covers_what_was_before_it() {
    explore(|| {
        let commands = Arc::new(Inbox::new());
        let recorded = Arc::new(AtomicU64::new(0));
        let exporter = {
            let (commands, recorded) = (Arc::clone(&commands), Arc::clone(&recorded));
            thread::spawn(move || run(&commands, &recorded))
        };
        let flushing = {
            let (commands, recorded) = (Arc::clone(&commands), Arc::clone(&recorded));
            thread::spawn(move || {
                recorded.fetch_add(3, Ordering::Relaxed);
                let (reply, fate) = Reply::new();
                let is_posted = commands.post(Command::Flush(reply), 0, 0).is_ok();
                (is_posted, fate)
            })
        };
        let (reply, shut_down) = Reply::new();
        assert!(commands.post(Command::Shutdown(reply), 0, 0).is_ok());
        let sent = exporter.join().unwrap();
        let (is_posted, flushed) = flushing.join().unwrap();
        let flushed = flushed.load(Ordering::Acquire);
        assert_ne!(flushed, NOTHING, "whoever waits for it waits for ever");
        if flushed != LET_GO {
            assert!(is_posted);
            // Taken before it was answered, unless the last take was over before that.
            assert!(flushed == 3 || sent == 0, "{flushed}");
        }
        assert_eq!(shut_down.load(Ordering::Acquire), sent);
    });
}

/// Two threads put while a third takes and closes.
#[test]
fn what_is_taken_in_is_taken_out() {
    explore(|| {
        let inbox = Arc::new(Inbox::new());
        let putting = [1, 2].map(|datum| {
            let inbox = Arc::clone(&inbox);
            thread::spawn(move || {
                let posted = inbox.post(datum, 1, 2);
                if posted.is_ok() { datum } else { 0 }
            })
        });
        let mut taken: u64 = inbox.take().into_iter().sum();
        inbox.close();
        taken += inbox.take().into_iter().sum::<u64>();
        let mut posted = 0;
        for one in putting {
            posted += one.join().unwrap();
        }
        assert_eq!(taken, posted);
        assert!(inbox.take().is_empty() && inbox.is_closed());
    });
}
