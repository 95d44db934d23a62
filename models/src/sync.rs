//! Stands for `src/sync.rs`.

pub(crate) use loom::sync::Arc;
pub(crate) use loom::sync::atomic::{
    AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};
pub(crate) use loom::thread::yield_now;

use std::ops::{Deref, DerefMut};

/// With the interface of `parking_lot`'s.
#[derive(Debug)]
pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

pub(crate) struct Guard<'a, T>(loom::sync::MutexGuard<'a, T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(loom::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> Guard<'_, T> {
        Guard(self.0.lock().unwrap())
    }

    pub(crate) fn try_lock(&self) -> Option<Guard<'_, T>> {
        self.0.try_lock().ok().map(Guard)
    }
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

/// The standard library's, with the order that it gives to what is in it made known to loom.
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

/// The models look by themselves; that Tokio wakes whoever waits is Tokio's to prove.
pub(crate) struct Notify;

#[allow(clippy::unused_self, clippy::unused_async)]
impl Notify {
    pub(crate) fn new() -> Self {
        Self
    }

    pub(crate) fn notify_one(&self) {}

    pub(crate) async fn notified(&self) {}
}

pub(crate) const SLOTS: usize = 2;
pub(crate) const RING: usize = 2;
pub(crate) const HOT: u32 = 1;
