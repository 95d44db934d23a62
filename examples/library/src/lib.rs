//! A library that times and counts its functions. It depends on `metrics-timeit` alone: where the
//! numbers go, if anywhere, is up to the application.

use metrics_timeit::attr::{count, timeit};

/// The price of some goods in cents.
#[timeit("pricing.quote", outcome)]
#[count("pricing.quotes", "country" => country)]
pub fn quote(country: &str, quantities: &[u32]) -> Result<u64, UnknownCountry> {
    let rate = tax_percent(country)?;
    let net: u64 = quantities
        .iter()
        .map(|&quantity| 250 * u64::from(quantity))
        .sum();
    Ok(net * (100 + rate) / 100)
}

#[count("pricing.unknown_countries", if_err)]
fn tax_percent(country: &str) -> Result<u64, UnknownCountry> {
    match country {
        "DE" => Ok(19),
        "FR" => Ok(20),
        _ => Err(UnknownCountry),
    }
}

/// There is no tax rate for the country.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownCountry;
