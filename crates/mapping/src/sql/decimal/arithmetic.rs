//! Adding, multiplying, dividing and comparing exact decimals.

use std::cmp::Ordering;

use super::{Decimal, MAX_SCALE, power};

impl Decimal {
    pub(crate) fn add(self, other: Decimal) -> Option<Decimal> {
        let (a, b, scale) = align(self, other)?;
        Some(Decimal {
            mantissa: a.checked_add(b)?,
            scale,
            shown: self.shown.max(other.shown),
        })
    }

    pub(crate) fn multiply(self, other: Decimal) -> Option<Decimal> {
        let (mut a, mut b) = (self, other);
        let shown = (self.shown + other.shown).min(MAX_SCALE);
        loop {
            let scale = a.scale + b.scale;
            match a.mantissa.checked_mul(b.mantissa) {
                Some(mantissa) if scale <= MAX_SCALE => {
                    return Some(Decimal {
                        mantissa,
                        scale,
                        shown,
                    });
                }
                _ if a.scale >= b.scale && a.scale > 0 => a = a.rescaled(a.scale - 1)?,
                _ if b.scale > 0 => b = b.rescaled(b.scale - 1)?,
                _ => return None,
            }
        }
    }

    /// Division as the server does it: the quotient is cut, not rounded, at a multiple of nine digits, and shown
    /// with four digits more than the dividend. `None` inside for a zero divisor.
    pub(crate) fn divide(self, other: Decimal) -> Option<Option<Decimal>> {
        if other.is_zero() {
            return Some(None);
        }
        let words = |digits: u8| digits.div_ceil(9);
        let (f1, f2) = (words(self.scale) * 9, words(other.scale) * 9);
        let extra = 4u8.saturating_sub(f1 - self.scale + f2 - other.scale);
        let scale = words(f1 + f2 + extra).saturating_mul(9).min(36);
        // self/other = (m1/10^s1)/(m2/10^s2); wanted are `scale` digits of it.
        let negative = self.is_negative() != other.is_negative();
        let (mut rest, mut divisor) = (self.mantissa.unsigned_abs(), other.mantissa.unsigned_abs());
        match self.scale.cmp(&other.scale) {
            Ordering::Less => rest = rest.checked_mul(power(other.scale - self.scale)?.unsigned_abs())?,
            Ordering::Greater => {
                divisor = divisor.checked_mul(power(self.scale - other.scale)?.unsigned_abs())?
            }
            Ordering::Equal => {}
        }
        let (mut quotient, mut digits) = (rest / divisor, 0);
        rest %= divisor;
        while digits < scale {
            let Some(next) = rest.checked_mul(10) else { break };
            let Some(grown) = quotient
                .checked_mul(10)
                .and_then(|q| q.checked_add(next / divisor))
                .filter(|q| *q <= i128::MAX.unsigned_abs())
            else {
                break;
            };
            quotient = grown;
            rest = next % divisor;
            digits += 1;
        }
        let mantissa = i128::try_from(quotient).ok()?;
        let shown = self.shown.saturating_add(4).min(MAX_SCALE);
        Some(Some(Decimal {
            mantissa: if negative { -mantissa } else { mantissa },
            scale: digits,
            shown,
        }))
    }

    /// Remainder with the sign of the dividend.
    pub(crate) fn remainder(self, other: Decimal) -> Option<Option<Decimal>> {
        if other.is_zero() {
            return Some(None);
        }
        let (a, b, scale) = align(self, other)?;
        Some(Some(Decimal {
            mantissa: a % b,
            scale,
            shown: self.shown.max(other.shown),
        }))
    }

    pub(crate) fn compare(self, other: Decimal) -> Ordering {
        match align(self, other) {
            Some((a, b, _)) => a.cmp(&b),
            None => self.to_f64().total_cmp(&other.to_f64()),
        }
    }
}

/// Both mantissas at one scale; fraction digits that do not fit are given up.
fn align(a: Decimal, b: Decimal) -> Option<(i128, i128, u8)> {
    let mut scale = a.scale.max(b.scale);
    loop {
        let grow = |d: Decimal| {
            if d.scale > scale {
                d.rescaled(scale).map(|d| d.mantissa)
            } else {
                d.mantissa.checked_mul(power(scale - d.scale)?)
            }
        };
        match (grow(a), grow(b)) {
            (Some(x), Some(y)) => return Some((x, y, scale)),
            _ if scale == 0 => return None,
            _ => scale -= 1,
        }
    }
}
