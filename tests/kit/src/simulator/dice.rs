//! Seeded numbers for generator, faults and churn. A value depends only on the parts it was made from, so that any
//! customer of any revision can be generated alone, in any order, on any machine.

/// A small deterministic generator (splitmix64).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// A generator of its own for this combination of parts.
    pub fn new(parts: &[u64]) -> Self {
        let mut state = 0x9E37_79B9_7F4A_7C15;
        for part in parts {
            state = mix(state ^ part.wrapping_mul(0xD6E8_FEB8_6659_FD93));
        }
        Dice(state)
    }

    /// The next number.
    #[allow(
        clippy::should_implement_trait,
        reason = "numbers never end, and nothing iterates over them"
    )]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// 0 .. n-1; 0 when n is 0.
    pub fn below(&mut self, n: u64) -> u64 {
        if n == 0 { 0 } else { self.next() % n }
    }

    /// True in `part` of `whole` cases.
    pub fn one_in(&mut self, whole: u64) -> bool {
        self.below(whole) == 0
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        ((self.next() >> 11) as f64) < probability * (1u64 << 53) as f64
    }

    /// One of the items, which must not be empty.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u64) as usize]
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_parts_give_the_same_numbers_and_others_do_not() {
        let take = |parts: &[u64]| {
            let mut dice = Dice::new(parts);
            (0..4).map(|_| dice.next()).collect::<Vec<_>>()
        };
        assert_eq!(take(&[1, 2]), take(&[1, 2]));
        assert_ne!(take(&[1, 2]), take(&[2, 1]));
    }

    #[test]
    fn chance_keeps_its_ends() {
        let mut dice = Dice::new(&[7]);
        assert!((0..1000).all(|_| !dice.chance(0.0)));
        assert!((0..1000).all(|_| dice.chance(1.0)));
        let hits = (0..10_000).filter(|_| dice.chance(0.25)).count();
        assert!((2_200..2_800).contains(&hits), "{hits}");
    }
}
