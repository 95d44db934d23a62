//! What a thread knows of metrics by their names, so that it takes no lock to know it again.

use super::sets::Sets;
use super::text_hash::hash_of;
use metrics::KeyName;
use metrics_util::MetricKind;

const FIRST_SETS: usize = 8;
/// A thread's cache has room for some 2,000 names. What a thread knows of more is looked up in the registry.
const MAX_SETS: usize = 1_024;

#[derive(Debug)]
pub(super) struct NameCache<T> {
    sets: Sets<Line<T>>,
    /// Which line of a full set goes next.
    next: usize,
}

#[derive(Debug)]
struct Line<T> {
    registry: u64,
    kind: MetricKind,
    hash: u64,
    name: KeyName,
    known: T,
}

/// Whether what is new may take the place of what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Any,
    /// Of what comes without end.
    Free,
}

impl<T> NameCache<T> {
    pub(super) const fn new() -> Self {
        Self {
            sets: Sets::new(),
            next: 0,
        }
    }

    #[inline]
    pub(super) fn find(&self, registry: u64, kind: MetricKind, name: &str) -> Option<&T> {
        let hash = hash(registry, kind, name);
        let lines = self.sets.set(hash)?.iter().flatten();
        let mut its = lines.filter(|line| line.hash == hash && line.is_for(registry, kind, name));
        its.next().map(|line| &line.known)
    }

    #[cold]
    pub(super) fn insert(
        &mut self,
        registry: u64,
        kind: MetricKind,
        name: &KeyName,
        known: T,
        place: Place,
    ) {
        if self.sets.len() == 0 {
            self.sets.resize(FIRST_SETS);
        }
        let hash = hash(registry, kind, name.as_str());
        let Some(number) = self.line_for(hash, place, |line| {
            line.is_for(registry, kind, name.as_str())
        }) else {
            return;
        };
        let name = name.to_retained();
        let line = Line {
            registry,
            kind,
            hash,
            name,
            known,
        };
        self.sets.put(number, line);
    }

    fn line_for(
        &mut self,
        hash: u64,
        place: Place,
        is_own: impl Fn(&Line<T>) -> bool,
    ) -> Option<usize> {
        loop {
            let first = self.sets.first(hash);
            let set = self.sets.set(hash)?;
            let fits = set
                .iter()
                .position(|line| line.as_ref().is_none_or(&is_own));
            if let Some(way) = fits {
                return Some(first + way);
            }
            if place == Place::Free {
                return None;
            }
            if self.sets.len() >= MAX_SETS * set.len() {
                self.next += 1;
                return Some(first + self.next % set.len());
            }
            self.grow();
        }
    }

    /// Twice as many sets; each of the former is divided between two.
    fn grow(&mut self) {
        let sets = 2 * self.sets.len() / super::sets::WAYS;
        for line in self.sets.resize(sets).into_iter().flatten() {
            let first = self.sets.first(line.hash);
            let set = self.sets.set(line.hash);
            let free = set.and_then(|set| set.iter().position(Option::is_none));
            self.sets.put(first + free.unwrap_or(0), line);
        }
    }
}

impl<T> Line<T> {
    #[inline]
    fn is_for(&self, registry: u64, kind: MetricKind, name: &str) -> bool {
        self.registry == registry && self.kind == kind && self.name.as_str() == name
    }
}

#[inline]
fn hash(registry: u64, kind: MetricKind, name: &str) -> u64 {
    hash_of(name) ^ registry ^ (kind as u64) << 56
}
