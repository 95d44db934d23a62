//! An account as one line, for logs and terminals.

use crate::model::amount::Amount;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Writes `sent 13, pending 0`, in samples, and of the rest what is not zero.
pub(crate) fn write_amounts(
    f: &mut fmt::Formatter<'_>,
    sent: Amount,
    pending: Amount,
    rest: &[(&str, Amount)],
) -> fmt::Result {
    write!(f, "sent {}, pending {}", In(sent), In(pending))?;
    let rest = rest
        .iter()
        .filter(|(_, amount)| *amount != Amount::default());
    for (name, amount) in rest {
        write!(f, ", {name} {}", In(*amount))?;
    }
    Ok(())
}

/// Writes each of several by its name.
pub(crate) fn write_each(
    f: &mut fmt::Formatter<'_>,
    all: &BTreeMap<Arc<str>, impl fmt::Display>,
) -> fmt::Result {
    for (number, (name, one)) in all.iter().enumerate() {
        let separator = if number == 0 { "" } else { "; " };
        write!(f, "{separator}{name}: {one}")?;
    }
    Ok(())
}

/// One amount and another.
pub(crate) fn sum(mut amount: Amount, other: Amount) -> Amount {
    amount.add(other);
    amount
}

struct In(Amount);

impl fmt::Display for In {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Amount { data, samples } = self.0;
        samples.fmt(f)?;
        // A gauge that is sent again is no sample.
        if samples == 0 && data > 0 {
            write!(f, " (data: {data})")?;
        }
        Ok(())
    }
}
