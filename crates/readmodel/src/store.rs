//! The file: one keeper, who writes, and readers beside it who see what was committed.

use crate::{
    apply::Writer,
    error::{Error, Result},
    functions,
};
use rusqlite::{Connection, OpenFlags};
use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Of `schema.sql`; a file of another version is made anew.
const VERSION: i64 = 4;
/// Pages that each connection keeps, in KiB.
const CACHE_KIB: i64 = 16 * 1024;
/// Readers that are kept open.
const READERS: usize = 3;

/// The read model in its file.
pub struct Model {
    path: PathBuf,
    /// Held as long as this process keeps the file.
    _lock: File,
    writer: Mutex<Writer>,
    readers: Mutex<Readers>,
}

#[derive(Default)]
struct Readers {
    /// Files so far; a connection to an earlier one is not kept.
    file: u64,
    idle: Vec<Connection>,
}

impl Model {
    /// Opens the read model in a folder, or begins one; whatever is no read model of this version is made anew.
    ///
    /// # Errors
    /// When the folder cannot be written, or another process keeps the file.
    pub fn open(folder: &Path, name: &str) -> Result<Self> {
        let path = folder.join(format!("{name}.read-model.sqlite"));
        let refused = |path: &Path| {
            let path = path.to_owned();
            move |source| Error::File { path, source }
        };
        private_folder(folder).map_err(refused(folder))?;
        let lock_path = beside(&path, ".lock");
        let lock = private(&lock_path).map_err(refused(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::Kept(path)),
            Err(TryLockError::Error(source)) => {
                return Err(Error::File {
                    path: lock_path,
                    source,
                });
            }
        }
        let connection = match usable(&path)? {
            Some(connection) => connection,
            None => {
                remove(&path).map_err(refused(&path))?;
                made(&path)?
            }
        };
        Ok(Self {
            path,
            _lock: lock,
            writer: Mutex::new(Writer::new(connection)?),
            readers: Mutex::default(),
        })
    }

    /// Throws everything away and begins an empty file.
    ///
    /// # Errors
    /// When the file cannot be removed or made.
    pub fn begin_anew(&self) -> Result<()> {
        let mut writer = self.writer();
        let mut readers = self.readers();
        readers.idle.clear();
        readers.file += 1;
        *writer = Writer::new(Connection::open_in_memory()?)?;
        let refused = |source| Error::File {
            path: self.path.clone(),
            source,
        };
        if let Some(folder) = self.path.parent() {
            private_folder(folder).map_err(refused)?;
        }
        remove(&self.path).map_err(refused)?;
        *writer = Writer::new(made(&self.path)?)?;
        Ok(())
    }

    /// Changes the read model; one caller at a time.
    ///
    /// # Errors
    /// What `change` answers.
    pub fn write<T>(&self, change: impl FnOnce(&mut Writer) -> Result<T>) -> Result<T> {
        change(&mut self.writer())
    }

    /// Reads what was committed, in one view of it, while others write.
    ///
    /// # Errors
    /// What `look` answers.
    pub fn read<T>(&self, look: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let (file, idle) = {
            let mut readers = self.readers();
            (readers.file, readers.idle.pop())
        };
        let mut connection = match idle {
            Some(connection) => connection,
            None => reader(&self.path)?,
        };
        let view = connection.transaction()?;
        let seen = look(&view);
        drop(view);
        let mut readers = self.readers();
        if seen.is_ok() && readers.file == file && readers.idle.len() < READERS {
            readers.idle.push(connection);
        }
        seen
    }

    /// Whether the file is there still: what is deleted while it is open serves nobody else, and is lost with this process.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.path.exists()
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn readers(&self) -> MutexGuard<'_, Readers> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is there, if it is of this version and can be read.
fn usable(path: &Path) -> Result<Option<Connection>> {
    if !path.exists() {
        return Ok(None);
    }
    let opened = || -> rusqlite::Result<Option<Connection>> {
        let connection = writing(path)?;
        let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if version != VERSION {
            tracing::info!(version, "the read model is of another version and is made anew");
            return Ok(None);
        }
        connection.query_row("SELECT count(*) FROM meta", [], |_| Ok(()))?;
        Ok(Some(connection))
    };
    match opened().map_err(Error::from) {
        Err(error) if error.is_damage() => {
            tracing::warn!("the read model's file is damaged and is made anew");
            Ok(None)
        }
        opened => opened,
    }
}

fn made(path: &Path) -> Result<Connection> {
    drop(private(path).map_err(|source| Error::File {
        path: path.to_owned(),
        source,
    })?);
    let mut connection = writing(path)?;
    let begun = connection.transaction()?;
    begun.execute_batch(include_str!("schema.sql"))?;
    begun.pragma_update(None, "user_version", VERSION)?;
    begun.commit()?;
    Ok(connection)
}

/// A folder that only this user enters, unless it is there already.
fn private_folder(path: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// A file that only this user reads; what SQLite puts beside it gets the same rights.
fn private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600);
    options.open(path)
}

fn writing(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    // A power cut may take the last transactions, whole; the stream has them still.
    connection.pragma_update(None, "synchronous", "normal")?;
    connection.pragma_update(None, "wal_autocheckpoint", 8_000)?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    prepared(connection)
}

fn reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    prepared(Connection::open_with_flags(path, flags)?)
}

fn prepared(connection: Connection) -> rusqlite::Result<Connection> {
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.set_prepared_statement_cache_capacity(64);
    functions::add(&connection)?;
    Ok(connection)
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

fn remove(path: &Path) -> std::io::Result<()> {
    for path in [path.to_owned(), beside(path, "-wal"), beside(path, "-shm")] {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
