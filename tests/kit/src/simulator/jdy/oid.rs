//! Record ids: 24 hexadecimal digits that ascend with time, like the vendor's.

use std::fmt;
use std::str::FromStr;

/// A record id: four bytes of seconds, then a counter over all forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Oid {
    seconds: u32,
    counter: u64,
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}{:016x}", self.seconds, self.counter)
    }
}

impl FromStr for Oid {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text.len() != 24 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(());
        }
        let seconds = u32::from_str_radix(&text[..8], 16).map_err(|_| ())?;
        let counter = u64::from_str_radix(&text[8..], 16).map_err(|_| ())?;
        Ok(Oid { seconds, counter })
    }
}

/// Hands out ids that never go back, also when the clock does.
#[derive(Debug)]
pub(crate) struct Oids(Oid);

impl Default for Oids {
    fn default() -> Self {
        // the middle of a real id names the machine
        Oids(Oid {
            seconds: 0,
            counter: 0x5a1c_3b2d_4e00_0000,
        })
    }
}

impl Oids {
    pub(crate) fn next(&mut self, now_ms: i64) -> Oid {
        let seconds = u32::try_from(now_ms.div_euclid(1000)).unwrap_or(0);
        self.0 = Oid {
            seconds: seconds.max(self.0.seconds),
            counter: self.0.counter + 1,
        };
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_ascend_as_text_and_read_back() {
        let mut oids = Oids::default();
        let (a, b, c) = (
            oids.next(1_700_000_000_000),
            oids.next(1_700_000_001_000),
            oids.next(1_600_000_000_000),
        );
        assert!(a < b && b < c);
        assert!(a.to_string() < b.to_string() && b.to_string() < c.to_string());
        assert_eq!(a.to_string().len(), 24);
        assert_eq!(a.to_string().parse(), Ok(a));
        assert_eq!("xyz".parse::<Oid>(), Err(()));
    }
}
