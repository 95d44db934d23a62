//! Data that an application puts go to all destinations that take them.

use crate::collect::explicit_data::{ExplicitDatum, PutError};
use crate::control::shared::{Shared, SharedPipeline};
use crate::model::refusal::{Refusal, Refused};
use metrics::Key;

impl Shared {
    /// Gives a datum to each destination. An error is the first one, if none took it; what only some did not take is in
    /// their accounts.
    pub(crate) fn put(&self, datum: ExplicitDatum) -> Result<(), PutError> {
        let pipelines = self.pipelines.iter();
        let takers: Vec<_> = pipelines
            .filter(|one| one.intake.takes(&datum.name))
            .collect();
        if let [only] = *takers {
            return only.intake.put(datum);
        }
        let mut failed = Vec::new();
        for one in &takers {
            if let Err(error) = one.intake.put(datum.clone()) {
                failed.push((*one, error));
            }
        }
        if failed.len() == takers.len() {
            let first = failed.into_iter().next();
            return Err(first.map_or(PutError::NotTaken, |(_, error)| error));
        }
        for (one, error) in failed {
            one.missed(&datum, &error);
        }
        Ok(())
    }
}

impl SharedPipeline {
    /// A datum that others took is not taken here.
    fn missed(&self, datum: &ExplicitDatum, error: &PutError) {
        let reason = match error {
            PutError::QueueFull | PutError::Stopped => {
                return self.ledger.missed(datum.samples());
            }
            PutError::Series(reason) => reason.clone(),
            other => Refusal::Rejected {
                code: "Put".into(),
                message: other.to_string(),
            },
        };
        let key = Key::from_parts(datum.name.clone(), datum.dimensions.clone());
        let refused = Refused::new(None, &key, &reason, datum.samples());
        self.ledger.refused(&[refused]);
    }
}
