//! What a watcher sees: bars at a terminal, a line now and then elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How often a line is printed where no bars can be shown.
const LINE: Duration = Duration::from_secs(2);

/// What is counted at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub details: u64,
    pub mapped: u64,
    pub rows: u64,
    pub dead: u64,
}

/// The bars or the lines.
pub(crate) struct Progress {
    start: Instant,
    bars: Option<Bars>,
    last: Option<(Instant, Counts)>,
    total: u64,
}

struct Bars {
    all: MultiProgress,
    details: ProgressBar,
    mapped: ProgressBar,
    rows: ProgressBar,
    dead: ProgressBar,
}

impl Progress {
    /// For `total` customers, the clock starting now.
    pub(crate) fn start(total: u64) -> Self {
        let bars = std::io::stderr().is_terminal().then(|| Bars::new(total));
        Self {
            start: Instant::now(),
            bars,
            last: None,
            total,
        }
    }

    /// Since the start.
    pub(crate) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// Says something above the bars.
    pub(crate) fn say(&self, text: &str) {
        let line = format!("[{:>5.1} s] {text}", self.elapsed().as_secs_f64());
        match &self.bars {
            // Printing fails only when the terminal is gone.
            Some(bars) => drop(bars.all.println(line)),
            None => println!("{line}"),
        }
    }

    /// Shows what was seen.
    pub(crate) fn show(&mut self, counts: Counts) {
        if let Some(bars) = &self.bars {
            bars.details.set_position(counts.details.min(self.total));
            bars.mapped.set_position(counts.mapped.min(self.total));
            bars.rows.set_position(counts.rows.min(self.total));
            bars.dead.set_position(counts.dead);
            return;
        }
        let due = self
            .last
            .is_none_or(|(at, last)| at.elapsed() >= LINE && last != counts);
        if due {
            let Counts {
                details,
                mapped,
                rows,
                dead,
            } = counts;
            let total = self.total;
            // Customers that change on the way are fetched and mapped more than once.
            let (details, mapped) = (details.min(total), mapped.min(total));
            self.say(&format!(
                "details fetched {details}/{total}, mapped {mapped}/{total}, rows in the form {rows}/{total}, died {dead}"
            ));
            self.last = Some((Instant::now(), counts));
        }
    }

    /// Takes the bars away.
    pub(crate) fn end(&self) {
        if let Some(bars) = &self.bars {
            drop(bars.all.clear());
        }
    }
}

impl Bars {
    fn new(total: u64) -> Self {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let bar = |label: &'static str| {
            let bar = all.add(ProgressBar::new(total));
            let style =
                ProgressStyle::with_template("  {prefix:<24} {bar:36.cyan/dim} {pos:>5}/{len}  {per_sec}");
            if let Ok(style) = style {
                bar.set_style(style);
            }
            bar.set_prefix(label);
            bar
        };
        let (details, mapped, rows) = (
            bar("OKKI details fetched"),
            bar("mapped"),
            bar("rows in the form"),
        );
        let dead = all.add(ProgressBar::no_length());
        if let Ok(style) = ProgressStyle::with_template("  {prefix:<24} {pos}") {
            dead.set_style(style);
        }
        dead.set_prefix("died");
        Self {
            all,
            details,
            mapped,
            rows,
            dead,
        }
    }
}
