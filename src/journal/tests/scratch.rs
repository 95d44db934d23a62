//! A folder that is gone after the test.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("journal-test-{}-{count}", std::process::id());
        let root = std::env::temp_dir().join(name);
        _ = fs::remove_dir_all(&root);
        fs::create_dir_all(&root).unwrap();
        Self(root)
    }

    /// A folder that is there.
    pub(crate) fn root(&self) -> &Path {
        &self.0
    }

    /// A journal's folder. It is not there yet, so that opening has to make it.
    pub(crate) fn dir(&self) -> PathBuf {
        self.0.join("a").join("journal")
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.dir().join(name)
    }

    /// The names of all files in the journal but the lock's, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let files = fs::read_dir(self.dir()).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| name != "lock").collect();
        names.sort_unstable();
        names
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A journal's thread may still write to it.
        let is_written_to = || {
            let removed = fs::remove_dir_all(&self.0);
            removed.is_err_and(|error| error.kind() == io::ErrorKind::DirectoryNotEmpty)
        };
        for _ in 0..1_000 {
            if !is_written_to() {
                break;
            }
            std::thread::yield_now();
        }
    }
}
