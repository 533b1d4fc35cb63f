//! How many dead letters there are, believed with care: the broker counts only those that nobody looks at.
//!
//! Whoever browses holds letters unacknowledged, so their number falls and rises again with every look. Operators of ours
//! hold a lease meanwhile; somebody at the broker's own console does not, so a lower number is believed when it stays.

/// Counts in a row that have to be lower before it is believed.
const CONFIRMED: u32 = 3;

/// The depth of one dead-letter queue.
#[derive(Debug, Default)]
pub(super) struct DeadDepth {
    believed: u32,
    /// Lower counts in a row, and the highest of them.
    lower: u32,
    highest: u32,
    /// Counts in a row that found none, with nobody browsing.
    none: u32,
}

impl DeadDepth {
    /// A count of the letters that nobody holds; `browsed`: an operator may be holding others.
    pub(super) fn counted(&mut self, ready: u32, browsed: bool) -> u32 {
        let none = if ready == 0 && !browsed { self.none + 1 } else { 0 };
        self.believe(ready, browsed);
        self.none = none;
        self.believed
    }

    /// Whether there are none for certain. A letter may die and be taken by whoever browses before anybody has counted it:
    /// then none were ever seen, and there is one.
    pub(super) fn is_empty(&self) -> bool {
        self.believed == 0 && self.none >= CONFIRMED
    }

    fn believe(&mut self, ready: u32, browsed: bool) {
        if ready >= self.believed {
            *self = Self {
                believed: ready,
                ..Self::default()
            };
        } else if browsed {
            (self.lower, self.highest) = (0, 0);
        } else {
            self.lower += 1;
            self.highest = self.highest.max(ready);
            if self.lower >= CONFIRMED {
                *self = Self {
                    believed: self.highest,
                    ..Self::default()
                };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::DeadDepth;

    #[test]
    fn looking_changes_no_number() {
        let mut depth = DeadDepth::default();
        let seen: Vec<_> = [
            (5, false),
            // An operator of ours holds three, then all, for as long as it takes.
            (2, true),
            (0, true),
            (0, true),
            (0, true),
            (5, false),
            // Somebody looks at the console.
            (0, false),
            (4, false),
            (5, false),
            // One more died meanwhile.
            (6, true),
            // Four were replayed.
            (2, false),
            (2, false),
            (2, false),
        ]
        .into_iter()
        .map(|(ready, browsed)| depth.counted(ready, browsed))
        .collect();
        assert_eq!(seen, [5, 5, 5, 5, 5, 5, 5, 5, 5, 6, 6, 6, 2]);
    }

    #[test]
    fn a_letter_that_dies_during_a_look_is_not_taken_for_gone() {
        let mut depth = DeadDepth::default();
        let mut counted = |ready, browsed| {
            depth.counted(ready, browsed);
            depth.is_empty()
        };
        // It died, and an operator holds it before the first count; then one at the console does for a moment.
        assert_eq!(
            [counted(0, true), counted(0, true), counted(0, false)],
            [false; 3]
        );
        assert!(!counted(1, false));
        // It was put back.
        assert_eq!([counted(0, false), counted(0, false)], [false; 2]);
        assert!(counted(0, false));
        assert!(!counted(0, true), "whoever browses may hold one");
    }

    #[test]
    fn the_highest_of_the_lower_counts_is_believed() {
        let mut depth = DeadDepth::default();
        for (ready, believed) in [(9, 9), (3, 9), (7, 9), (0, 7), (0, 7), (0, 7), (0, 0)] {
            assert_eq!(depth.counted(ready, false), believed);
        }
    }
}
