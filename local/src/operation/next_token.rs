//! Tokens for the next page, good only for the request whose page they follow.

use std::hash::{DefaultHasher, Hash, Hasher};

/// What a token is bound to: everything of a request but its token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Binding(u64);

impl Binding {
    pub(crate) fn to(request: &impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        request.hash(&mut hasher);
        Self(hasher.finish())
    }

    /// The token for the page that starts at a position.
    pub(crate) fn issue(self, position: usize) -> String {
        format!("{:016x}-{position}", self.0)
    }

    /// The position of a token, if it was issued for this request. No token is the first page.
    pub(crate) fn position(self, token: Option<&str>) -> Option<usize> {
        let Some(token) = token else { return Some(0) };
        let position = token.split_once('-')?.1.parse().ok()?;
        (self.issue(position) == token).then_some(position)
    }
}
