//! Standard output of commands: a reader that has gone (`… | head -1`) neither fails nor stops what a command does.

use std::{
    fmt,
    io::{self, ErrorKind, Write},
};

/// Prints a line in the language of the reader; `println!` would panic once nobody reads any more.
///
/// # Errors
/// When standard output cannot be written for another reason than that its reader has gone.
#[macro_export]
macro_rules! say {
    ($($text:tt)*) => {
        $crate::cli::output::write(::std::format_args!("{}\n", ::words::tr!($($text)*)))
    };
}

/// The same without the end of the line.
///
/// # Errors
/// As for [`say!`](crate::say).
#[macro_export]
macro_rules! say_text {
    ($($text:tt)*) => {
        $crate::cli::output::write(::std::format_args!("{}", ::words::tr!($($text)*)))
    };
}

/// Prints a line to standard error; nobody is left to read it when that is closed, too.
#[macro_export]
macro_rules! remark {
    ($($text:tt)*) => {
        $crate::cli::output::remark(::std::format_args!("{}", ::words::tr!($($text)*)))
    };
}

/// What [`remark!`](crate::remark) expands to.
pub fn remark(text: fmt::Arguments<'_>) {
    drop(writeln!(io::stderr().lock(), "{text}"));
}

/// What the other macros expand to.
///
/// # Errors
/// As for [`say!`](crate::say).
pub fn write(text: fmt::Arguments<'_>) -> io::Result<()> {
    write_to(&mut io::stdout().lock(), text)
}

fn write_to(out: &mut impl Write, text: fmt::Arguments<'_>) -> io::Result<()> {
    match out.write_fmt(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Closed(ErrorKind);

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(self.0.into())
        }
    }

    #[test]
    fn only_a_reader_that_has_gone_is_no_failure() {
        let written = |kind| write_to(&mut Closed(kind), format_args!("x\n"));
        assert!(written(ErrorKind::BrokenPipe).is_ok());
        assert!(written(ErrorKind::StorageFull).is_err());
    }
}
