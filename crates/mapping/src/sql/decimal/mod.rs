//! Exact decimals with MySQL's rules for scale: what is computed with, and how many digits are shown.
//!
//! A mantissa of 128 bits holds 38 digits; MySQL's own limit is 65. A result that does not fit loses fraction
//! digits first and is an error after that, never a wrong number.

mod arithmetic;

use std::fmt;

/// More fraction digits are cut off (MariaDB's limit for a scale).
const MAX_SCALE: u8 = 38;

/// `mantissa / 10^scale`; `shown` is the scale of its printed form, which may be smaller after a division.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decimal {
    mantissa: i128,
    scale: u8,
    shown: u8,
}

impl Decimal {
    pub(crate) const ZERO: Decimal = Decimal {
        mantissa: 0,
        scale: 0,
        shown: 0,
    };

    /// Reads an optional sign, digits and an optional fraction; nothing else.
    pub(crate) fn parse(text: &str) -> Option<Decimal> {
        let (sign, digits) = match text.as_bytes().first()? {
            b'-' => (-1, text.get(1..)?),
            b'+' => (1, text.get(1..)?),
            _ => (1, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let mut mantissa: i128 = 0;
        for b in whole.bytes().chain(fraction.bytes()) {
            let digit = b.is_ascii_digit().then(|| i128::from(b - b'0'))?;
            mantissa = mantissa.checked_mul(10)?.checked_add(digit)?;
        }
        let scale = u8::try_from(fraction.len()).ok().filter(|s| *s <= MAX_SCALE)?;
        Some(Decimal {
            mantissa: sign * mantissa,
            scale,
            shown: scale,
        })
    }

    pub(crate) fn from_int(value: i128) -> Decimal {
        Decimal {
            mantissa: value,
            scale: 0,
            shown: 0,
        }
    }

    /// A double with the given number of fraction digits, rounded.
    pub(crate) fn from_f64(value: f64, scale: u8) -> Option<Decimal> {
        Decimal::parse(&format!("{value:.*}", usize::from(scale)))
    }

    pub(crate) fn shown(self) -> u8 {
        self.shown
    }

    /// The same number, printed with another scale.
    pub(crate) fn show(self, shown: u8) -> Decimal {
        Decimal {
            shown: shown.min(MAX_SCALE),
            ..self
        }
    }

    pub(crate) fn is_zero(self) -> bool {
        self.mantissa == 0
    }

    pub(crate) fn is_negative(self) -> bool {
        self.mantissa < 0
    }

    pub(crate) fn negate(self) -> Option<Decimal> {
        Some(Decimal {
            mantissa: self.mantissa.checked_neg()?,
            ..self
        })
    }

    pub(crate) fn to_f64(self) -> f64 {
        // Through text: the nearest double, as the server does it.
        self.exact().to_string().parse().unwrap_or(f64::NAN)
    }

    /// The integer part, if it fits.
    pub(crate) fn truncated(self) -> Option<i64> {
        i64::try_from(self.mantissa / power(self.scale)?).ok()
    }

    /// Rounded half away from zero.
    pub(crate) fn rounded_int(self) -> Option<i64> {
        i64::try_from(self.round(0)?.mantissa).ok()
    }

    /// Half away from zero, to `scale` digits; negative scales round to tens and so on.
    pub(crate) fn round(self, scale: i8) -> Option<Decimal> {
        self.cut(scale, true)
    }

    /// Towards zero.
    pub(crate) fn truncate(self, scale: i8) -> Option<Decimal> {
        self.cut(scale, false)
    }

    fn cut(self, scale: i8, round: bool) -> Option<Decimal> {
        let shown = u8::try_from(scale.max(0)).unwrap_or(0);
        let drop = i16::from(self.scale) - i16::from(scale);
        if drop <= 0 {
            return Some(self.show(shown));
        }
        let Some(unit) = u8::try_from(drop).ok().and_then(power) else {
            return Some(Decimal::ZERO);
        };
        let (mut kept, rest) = (self.mantissa / unit, self.mantissa % unit);
        if round && rest.unsigned_abs() >= unit.unsigned_abs().div_ceil(2) {
            kept += self.mantissa.signum();
        }
        if scale < 0 {
            let mantissa = kept.checked_mul(power(scale.unsigned_abs())?)?;
            return Some(Decimal {
                mantissa,
                scale: 0,
                shown: 0,
            });
        }
        Some(Decimal {
            mantissa: kept,
            scale: shown,
            shown,
        })
    }

    fn rescaled(self, scale: u8) -> Option<Decimal> {
        let cut = self.cut(i8::try_from(scale).ok()?, true)?;
        Some(Decimal {
            shown: self.shown,
            ..cut
        })
    }

    /// The same number with at least this many fraction digits written down, for a division counts them.
    pub(crate) fn written_to(self, scale: u8) -> Decimal {
        let widened = scale
            .checked_sub(self.scale)
            .and_then(power)
            .and_then(|unit| self.mantissa.checked_mul(unit));
        widened.map_or(self, |mantissa| Decimal {
            mantissa,
            scale,
            ..self
        })
    }

    /// The number that its printed form says.
    pub(crate) fn as_shown(self) -> Decimal {
        i8::try_from(self.shown)
            .ok()
            .and_then(|shown| self.round(shown))
            .unwrap_or(self)
    }

    /// All digits are shown.
    pub(crate) fn exact(self) -> Decimal {
        Decimal {
            shown: self.scale,
            ..self
        }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rounded = self
            .cut(i8::try_from(self.shown).unwrap_or(i8::MAX), true)
            .unwrap_or(*self);
        let digits = rounded.mantissa.unsigned_abs().to_string();
        let missing = usize::from(self.shown.saturating_sub(rounded.scale));
        let digits = digits + &"0".repeat(missing);
        let scale = usize::from(self.shown);
        let digits = format!("{digits:0>width$}", width = scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        f.write_str(if rounded.mantissa < 0 { "-" } else { "" })?;
        f.write_str(whole)?;
        if scale > 0 {
            write!(f, ".{fraction}")?;
        }
        Ok(())
    }
}

fn power(exponent: u8) -> Option<i128> {
    10i128.checked_pow(u32::from(exponent))
}

#[cfg(test)]
mod tests;
