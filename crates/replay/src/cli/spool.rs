//! Output that is shown when the letters are back: a reader that takes its time must not keep them from others.

use std::io::{self, Seek, Write};

/// A temporary file; where none can be written, as in a container, memory.
pub(super) enum Spool {
    File(io::BufWriter<std::fs::File>),
    Memory(Vec<u8>),
}

impl Spool {
    pub(super) fn new() -> Self {
        match tempfile::tempfile() {
            Ok(file) => Self::File(io::BufWriter::new(file)),
            Err(_) => Self::Memory(Vec::new()),
        }
    }

    pub(super) fn show(self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match self {
            Self::File(file) => {
                let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
                file.rewind()?;
                io::copy(&mut file, &mut out)?;
            }
            Self::Memory(bytes) => out.write_all(&bytes)?,
        }
        out.flush()
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.write(bytes),
            Self::Memory(memory) => memory.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::File(file) => file.flush(),
            Self::Memory(_) => Ok(()),
        }
    }
}
