//! Hashes of texts: the facade's, but with the last step that tells short ones apart. Without it a tenth of the numbers up
//! to 1,000 have the hash of another one.

use metrics::Label;
use rapidhash::v3::{RapidSecrets, rapidhash_v3_nano_inline};

#[inline]
pub(super) fn hash_of(text: &str) -> u64 {
    const SECRETS: RapidSecrets = RapidSecrets::seed_cpp(0);
    rapidhash_v3_nano_inline::<true, false>(text.as_bytes(), &SECRETS)
}

/// The same in whatever order they are.
#[inline]
pub(super) fn hash_of_labels<'a>(labels: impl Iterator<Item = &'a Label>) -> u64 {
    let hash = |label: &Label| hash_of(label.key()) ^ hash_of(label.value()).rotate_left(1);
    labels.map(hash).fold(0, u64::wrapping_add)
}
