//! What is logged, and how.

use clap::ValueEnum;

/// Shape of the log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One line of text, for a terminal.
    Human,
    /// One JSON object a line, for a log collector.
    Json,
}

/// Log settings.
#[derive(Debug, Clone)]
pub struct LogConfig {
    /// `None`: human on a terminal, else JSON.
    pub format: Option<LogFormat>,
    /// A filter that has been checked.
    pub filter: String,
}

/// Whether colours are wanted where a terminal can show them (<https://no-color.org>).
pub(crate) fn wants_colour() -> bool {
    colours(std::env::var_os("NO_COLOR").as_deref())
}

fn colours(no_color: Option<&std::ffi::OsStr>) -> bool {
    no_color.is_none_or(std::ffi::OsStr::is_empty)
}

#[cfg(test)]
mod tests {
    use super::colours;

    #[test]
    fn no_color_is_obeyed_whatever_it_says() {
        assert!(colours(None) && colours(Some("".as_ref())));
        assert!(!colours(Some("1".as_ref())) && !colours(Some("false".as_ref())));
    }
}
