//! How many records the messages of a queue carry, as they come.

/// Messages that the average looks back upon, about.
const MEMORY: f64 = 16.0;

/// An average that follows what comes; one record each until something came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    average: f64,
    seen: f64,
}

impl Default for Load {
    fn default() -> Self {
        Self {
            average: 1.0,
            seen: 0.0,
        }
    }
}

impl Load {
    /// A message of so many records came.
    pub(crate) fn saw(&mut self, records: usize) {
        self.seen = (self.seen + 1.0).min(MEMORY);
        self.average += (records.max(1) as f64 - self.average) / self.seen;
    }

    /// Messages that carry about so many records; at least one.
    pub(crate) fn messages(self, records: usize) -> usize {
        let needed = (records as f64 / self.average).ceil();
        (needed as usize).max(1)
    }

    /// Records of a message.
    pub(crate) fn records(self) -> f64 {
        self.average
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_average_follows_what_comes() {
        let mut load = Load::default();
        assert_eq!(load.messages(300), 300);
        load.saw(100);
        assert_eq!((load.messages(300), load.messages(50)), (3, 1));
        for _ in 0..200 {
            load.saw(1);
        }
        assert!(load.records() < 1.01 && load.messages(300) >= 299);
        load.saw(100);
        assert!(load.messages(300) < 60, "one that is large counts at once");
    }
}
