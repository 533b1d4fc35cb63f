//! How fast letters are put back.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr, time::Duration};

const UNITS: [(&str, f64); 3] = [("s", 1.0), ("m", 60.0), ("h", 3_600.0)];

/// Letters per second, above zero; written `20`, `20/s`, `200/m`, `5000/h`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Rate(f64);

impl Rate {
    /// Letters that may leave at once: a fifth of a second's.
    pub(super) fn portion(self, most: usize) -> usize {
        // Nothing is lost by the cut: it is within the bounds.
        ((self.0 / 5.0).min(most as f64) as usize).max(1)
    }

    /// How long so many letters take.
    #[must_use]
    pub fn time_for(self, letters: u64) -> Duration {
        Duration::try_from_secs_f64(letters as f64 / self.0).unwrap_or(Duration::MAX)
    }
}

impl TryFrom<f64> for Rate {
    type Error = &'static str;

    fn try_from(per_second: f64) -> Result<Self, &'static str> {
        // One letter a day is slow enough, and no broker takes a million a second.
        match (1.0 / 86_400.0..=1_000_000.0).contains(&per_second) {
            true => Ok(Self(per_second)),
            false => Err(words::text!(
                "a rate lies between one a day and a million a second"
            )),
        }
    }
}

impl From<Rate> for f64 {
    fn from(rate: Rate) -> Self {
        rate.0
    }
}

impl From<u16> for Rate {
    fn from(per_second: u16) -> Self {
        Self(f64::from(per_second.max(1)))
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let problem = || words::tr!("`{text}` is no rate; write 20 or 20/s, 200/m, 5000/h");
        let (number, unit) = text.trim().split_once('/').unwrap_or((text.trim(), "s"));
        let number: u32 = number.trim().parse().map_err(|_| problem())?;
        let unit = UNITS
            .iter()
            .find(|(name, _)| *name == unit.trim())
            .ok_or_else(problem)?;
        Self::try_from(f64::from(number) / unit.1).map_err(|_| problem())
    }
}

/// In the unit in which it is a whole number, if there is one.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = |(_, seconds): &&(&str, f64)| {
            let number = self.0 * seconds;
            (number - number.round()).abs() < 1e-6
        };
        let (unit, seconds) = UNITS.iter().find(whole).unwrap_or(&UNITS[2]);
        write!(f, "{:.0}/{unit}", self.0 * seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_written_in_any_unit() {
        for (text, shown, for_ten) in [
            ("20", "20/s", 500),
            ("20/s", "20/s", 500),
            ("200/m", "200/m", 3_000),
            ("120/m", "2/s", 5_000),
            ("1/h", "1/h", 36_000_000),
        ] {
            let rate: Rate = text.parse().unwrap();
            assert_eq!(rate.to_string(), shown);
            assert_eq!(rate.time_for(10), Duration::from_millis(for_ten), "{text}");
            assert_eq!(rate.to_string().parse(), Ok(rate));
        }
        for bad in ["", "0", "0/m", "x", "5/d", "-1", "99999999"] {
            assert!(bad.parse::<Rate>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_plan_of_an_older_version_has_whole_numbers() {
        assert_eq!(serde_json::from_str::<Rate>("7").unwrap(), Rate(7.0));
        assert!(serde_json::from_str::<Rate>("0").is_err());
        assert_eq!(Rate(0.5).portion(200), 1);
        assert_eq!(Rate(1_000_000.0).portion(200), 200);
    }
}
