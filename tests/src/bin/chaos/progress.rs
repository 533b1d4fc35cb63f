//! What a watcher sees: a bar at a terminal, a line for each round elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The bar, or the lines.
pub(crate) struct Progress {
    start: Instant,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// For so many kills, the clock starting now.
    pub(crate) fn start(kills: usize) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let target = ProgressDrawTarget::stderr();
            let bar = ProgressBar::with_draw_target(Some(kills as u64), target);
            let template = "  kills {bar:36.red/dim} {pos:>3}/{len}  {elapsed} (about {eta} left)  {msg}";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Self {
            start: Instant::now(),
            bar,
        }
    }

    /// Since the start.
    pub(crate) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// Says something that stays.
    pub(crate) fn say(&self, text: &str) {
        let line = format!("[{:>5.1} s] {text}", self.elapsed().as_secs_f64());
        match &self.bar {
            Some(bar) => bar.println(line),
            None => println!("{line}"),
        }
    }

    /// After a round.
    pub(crate) fn show(&self, kills: usize, text: &str) {
        match &self.bar {
            Some(bar) => {
                bar.set_position(kills as u64);
                bar.set_message(text.to_owned());
            }
            None => self.say(&format!("{kills} kills; {text}")),
        }
    }

    /// Takes the bar away.
    pub(crate) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
