//! What threads share data by: the standard types, or loom's under `cfg(loom)`, where the numbers are small too.

#[cfg(loom)]
pub(crate) use explored::*;
#[cfg(not(loom))]
pub(crate) use real::*;

#[cfg(not(loom))]
mod real {
    pub(crate) use parking_lot::Mutex;
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
    pub(crate) use std::sync::{Arc, OnceLock};

    /// Threads that can have a shard index at a time; 128 at most.
    pub(crate) const MAX_SHARDS: usize = 128;
    /// Values that a histogram's shard has room for until they go to its buckets; a power of two.
    pub(crate) const RING: usize = 64;
    /// The score within one window that earns shards.
    pub(crate) const EARNED: u32 = 32;
}

#[cfg(loom)]
mod explored {
    pub(crate) use loom::sync::Arc;
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};

    use std::ops::{Deref, DerefMut};

    pub(crate) const MAX_SHARDS: usize = 2;
    pub(crate) const RING: usize = 2;
    pub(crate) const EARNED: u32 = 1;

    /// With the interface of `parking_lot`'s.
    #[derive(Debug)]
    pub(crate) struct Mutex<T> {
        value: loom::sync::Mutex<T>,
        /// Loom takes the end of a lock for nothing that another thread could notice: without this number, nobody
        /// would ever find the lock taken.
        holders: AtomicUsize,
    }

    pub(crate) struct Guard<'a, T> {
        holders: &'a AtomicUsize,
        value: loom::sync::MutexGuard<'a, T>,
    }

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Self {
                value: loom::sync::Mutex::new(value),
                holders: AtomicUsize::new(0),
            }
        }

        pub(crate) fn lock(&self) -> Guard<'_, T> {
            self.guard(self.value.lock().unwrap())
        }

        pub(crate) fn try_lock(&self) -> Option<Guard<'_, T>> {
            let is_free = self.holders.load(Ordering::Relaxed) == 0;
            let value = is_free.then(|| self.value.try_lock().ok())??;
            Some(self.guard(value))
        }

        fn guard<'a>(&'a self, value: loom::sync::MutexGuard<'a, T>) -> Guard<'a, T> {
            self.holders.store(1, Ordering::Relaxed);
            let holders = &self.holders;
            Guard { holders, value }
        }
    }

    impl<T> Drop for Guard<'_, T> {
        fn drop(&mut self) {
            self.holders.store(0, Ordering::Relaxed);
        }
    }

    impl<T> Deref for Guard<'_, T> {
        type Target = T;

        fn deref(&self) -> &T {
            &self.value
        }
    }

    impl<T> DerefMut for Guard<'_, T> {
        fn deref_mut(&mut self) -> &mut T {
            &mut self.value
        }
    }

    /// The standard library's, whose ordering is made known to loom.
    #[derive(Debug)]
    pub(crate) struct OnceLock<T> {
        value: std::sync::OnceLock<T>,
        is_set: AtomicUsize,
        setting: loom::sync::Mutex<()>,
    }

    impl<T> OnceLock<T> {
        pub(crate) fn new() -> Self {
            Self {
                value: std::sync::OnceLock::new(),
                is_set: AtomicUsize::new(0),
                setting: loom::sync::Mutex::new(()),
            }
        }

        pub(crate) fn get(&self) -> Option<&T> {
            (self.is_set.load(Ordering::Acquire) == 1).then(|| self.value.get())?
        }

        pub(crate) fn get_or_init(&self, new: impl FnOnce() -> T) -> &T {
            if let Some(value) = self.get() {
                return value;
            }
            let setting = self.setting.lock().unwrap();
            // Out of the closure: making loom's types may switch threads.
            if self.value.get().is_none() {
                let _ = self.value.set(new());
            }
            self.is_set.store(1, Ordering::Release);
            drop(setting);
            self.value.get().expect("it is set")
        }
    }
}
