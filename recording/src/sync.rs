//! What threads share data by: the standard types, or loom's under `cfg(loom)`. None of them waits but `Mutex::lock`.
//! Where the target has no 64-bit atomics, `portable-atomic` may emulate `AtomicU64` by a spin lock.

#[cfg(loom)]
pub(crate) use explored::*;
#[cfg(not(loom))]
pub(crate) use real::*;

#[cfg(not(loom))]
mod real {
    pub(crate) use once_cell::race::OnceBox;
    pub(crate) use parking_lot::Mutex;
    #[cfg(not(target_has_atomic = "64"))]
    pub(crate) use portable_atomic::AtomicU64;
    pub(crate) use std::sync::Arc;
    #[cfg(target_has_atomic = "64")]
    pub(crate) use std::sync::atomic::AtomicU64;
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
}

#[cfg(loom)]
mod explored {
    pub(crate) use loom::sync::Arc;
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};

    use std::ops::{Deref, DerefMut};

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

    /// With the interface of `once_cell`'s: who comes first sets it, and all others drop what they made.
    #[derive(Debug)]
    pub(crate) struct OnceBox<T> {
        value: std::sync::OnceLock<Box<T>>,
        is_set: AtomicUsize,
        setting: loom::sync::Mutex<()>,
    }

    impl<T> OnceBox<T> {
        pub(crate) fn new() -> Self {
            Self {
                value: std::sync::OnceLock::new(),
                is_set: AtomicUsize::new(0),
                setting: loom::sync::Mutex::new(()),
            }
        }

        pub(crate) fn get(&self) -> Option<&T> {
            let is_set = self.is_set.load(Ordering::Acquire) == 1;
            is_set.then(|| self.value.get().map(|value| &**value))?
        }

        pub(crate) fn get_or_init(&self, new: impl FnOnce() -> Box<T>) -> &T {
            if let Some(value) = self.get() {
                return value;
            }
            // Before the lock: loom may switch threads here.
            let new = new();
            let setting = self.setting.lock().unwrap();
            let _ = self.value.set(new);
            self.is_set.store(1, Ordering::Release);
            drop(setting);
            self.value.get().expect("it is set")
        }
    }
}
