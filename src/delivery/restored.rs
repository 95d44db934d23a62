//! What a record of an earlier process says is checked by today's limits, before anything of it is sent: another version,
//! another sink or somebody else may have written it.

use crate::delivery::Delivery;
use crate::delivery::queued_batch::{QueuedBatch, Verdict};
use crate::limits;
use crate::model::datum::{Datum, DatumValue, StatisticSet};
use crate::model::profile::Profile;
use crate::model::refusal::Refusal;

impl Delivery {
    /// Refuses data that break a limit, each by name. Their neighbours go on; none if there are none.
    pub(super) fn check_restored(&self, queued: QueuedBatch) -> Verdict {
        let (mut kept, mut by_reason) = (Vec::new(), Vec::<(Refusal, Vec<Datum>)>::new());
        let namespace = limits::check_namespace(queued.batch.namespace());
        let namespace = namespace.map_err(|_| Refusal::Record("is in no valid namespace"));
        for datum in queued.data() {
            let checked = namespace.clone().and_then(|()| self.check_datum(datum));
            let Err(reason) = checked else {
                kept.push(datum.clone());
                continue;
            };
            match by_reason.iter_mut().find(|(one, _)| *one == reason) {
                Some((_, data)) => data.push(datum.clone()),
                None => by_reason.push((reason, vec![datum.clone()])),
            }
        }
        if by_reason.is_empty() {
            let rest = Some(queued);
            return Verdict {
                settled: Vec::new(),
                rest,
            };
        }
        let refused = by_reason.iter();
        Verdict {
            settled: refused
                .map(|(reason, data)| queued.refused(data, reason))
                .collect(),
            rest: queued.part(kept),
        }
    }

    fn check_datum(&self, datum: &Datum) -> Result<(), Refusal> {
        datum.identity.check(self.profile.name_rules())?;
        check_value(&datum.value, self.profile)?;
        self.check(datum).map_err(|reason| *reason)
    }
}

fn check_value(value: &DatumValue, profile: Profile) -> Result<(), Refusal> {
    if let DatumValue::Total(total) = value {
        return check_value(total.value(), profile);
    }
    if let DatumValue::Values(values) = value {
        if profile
            .max_values()
            .is_some_and(|most| values.iter().len() > most)
        {
            return Err(Refusal::Record(
                "has more values than the destination takes",
            ));
        }
        let pairs = values.iter();
        for (value, count) in pairs.clone() {
            number(value)?;
            positive(count)?;
        }
        if pairs
            .clone()
            .zip(pairs.skip(1))
            .any(|((one, _), (next, _))| one >= next)
        {
            return Err(Refusal::Record("has values out of order"));
        }
    }
    let StatisticSet {
        sample_count,
        sum,
        minimum,
        maximum,
    } = value.statistics();
    positive(sample_count)?;
    for one in [sum, minimum, maximum] {
        number(one)?;
    }
    if minimum > maximum {
        return Err(Refusal::Record("has a minimum above its maximum"));
    }
    Ok(())
}

fn number(value: f64) -> Result<(), Refusal> {
    let checked = limits::check_value(value);
    checked.map(|_| ()).map_err(Refusal::Value)
}

fn positive(count: f64) -> Result<(), Refusal> {
    number(count)?;
    if count > 0.0 {
        Ok(())
    } else {
        Err(Refusal::Record("has no samples"))
    }
}
