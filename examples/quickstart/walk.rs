//! Worker threads that walk a directory, and read and hash each file.

use crate::tally::Tally;
use anyhow::{Context, Result};
use metrics::{counter, gauge, histogram};
use std::collections::VecDeque;
use std::fs::{self, DirEntry};
use std::hash::{DefaultHasher, Hasher};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

/// Hashes all files below `directory`, and tells what it recorded.
pub(crate) fn hash_all(directory: PathBuf, threads: usize) -> Result<Tally> {
    fs::read_dir(&directory).with_context(|| format!("cannot read {}", directory.display()))?;
    let queue = Queue::default();
    let mut all = Tally::default();
    queue.push(vec![directory], &mut all);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| work(&queue))).collect();
        for worker in workers {
            all.merge(worker.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
    });
    Ok(all)
}

fn work(queue: &Queue) -> Tally {
    let mut tally = Tally::default();
    while let Some(path) = queue.pop(&mut tally) {
        let _busy = Busy(queue);
        // What cannot be read is not for us.
        match children(&path) {
            Some(children) => queue.push(children, &mut tally),
            None => hash(&path, &mut tally),
        }
    }
    tally
}

/// What is in a directory; nothing, if it is none.
fn children(path: &Path) -> Option<Vec<PathBuf>> {
    let entries = fs::read_dir(path).ok()?.flatten();
    let wanted =
        entries.filter(|entry| entry.file_name() != ".git" && entry.file_name() != "target");
    // Neither links, which may lead round in circles, nor pipes, which may never end.
    let is_real = |entry: &DirEntry| {
        let kind = entry.file_type();
        kind.is_ok_and(|kind| kind.is_file() || kind.is_dir())
    };
    let real = wanted.filter(is_real);
    Some(real.map(|entry| entry.path()).collect())
}

fn hash(path: &Path, tally: &mut Tally) {
    let start = Instant::now();
    let Ok(content) = fs::read(path) else { return };
    let mut hasher = DefaultHasher::new();
    hasher.write(&content);
    std::hint::black_box(hasher.finish());
    let milliseconds = start.elapsed().as_secs_f64() * 1e3;

    let extension = extension(path);
    let bytes = content.len() as u64;
    counter!("files", "extension" => extension.clone()).increment(1);
    counter!("bytes", "extension" => extension.clone()).increment(bytes);
    histogram!("file.duration").record(milliseconds);
    tally.file(&extension, bytes, milliseconds);
}

fn extension(path: &Path) -> String {
    let extension = path.extension().and_then(|extension| extension.to_str());
    match extension {
        // CloudWatch takes ASCII without control characters.
        Some(text) if text.bytes().all(|byte| byte.is_ascii_graphic()) && text.len() < 32 => {
            text.to_ascii_lowercase()
        }
        Some(_) => "other".into(),
        None => "none".into(),
    }
}

/// Paths to look at; empty for good once nobody works on one that may bring more.
#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    paths: VecDeque<PathBuf>,
    busy: usize,
}

/// A worker that has a path, until it is dropped, be it by a panic.
struct Busy<'a>(&'a Queue);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.lock().busy -= 1;
        self.0.changed.notify_all();
    }
}

impl Queue {
    fn push(&self, paths: Vec<PathBuf>, tally: &mut Tally) {
        let mut state = self.lock();
        state.paths.extend(paths);
        state.tell_depth(tally);
        self.changed.notify_all();
    }

    fn pop(&self, tally: &mut Tally) -> Option<PathBuf> {
        let state = self.lock();
        let waiting = |state: &mut State| state.paths.is_empty() && state.busy > 0;
        let waited = self.changed.wait_while(state, waiting);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        let path = state.paths.pop_front()?;
        state.busy += 1;
        state.tell_depth(tally);
        Some(path)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    #[expect(clippy::cast_precision_loss, reason = "a queue is short")]
    fn tell_depth(&self, tally: &mut Tally) {
        let depth = self.paths.len() as f64;
        gauge!("queue.depth").set(depth);
        tally.depth(depth);
    }
}
