//! People, their sessions and API tokens, in a SQLite file that commands and the running desk share.

use super::{Role, secret::digest};
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use std::{
    fs::{DirBuilder, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// A session that nobody uses ends after this time, milliseconds.
const IDLE_MS: i64 = 12 * 60 * 60 * 1_000;
/// Every session ends after this time.
const WHOLE_MS: i64 = 7 * 24 * 60 * 60 * 1_000;
/// How often the use of a session is written down.
const SEEN_EVERY_MS: i64 = 60 * 1_000;

/// Why the file does not serve.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Error {
    /// It cannot be made or opened.
    #[error("{}", words::tr!("the file {path} of the desk's people cannot be used", path = path.display()))]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// SQLite refused.
    #[error("{}", words::tr!("the file of the desk's people does not serve"))]
    Sqlite(#[from] rusqlite::Error),
}

pub(super) type Result<T> = std::result::Result<T, Error>;

/// Somebody who may sign in.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Person {
    /// The name.
    pub(crate) name: String,
    /// What they may do.
    pub(crate) role: Role,
    /// Unix milliseconds.
    pub(crate) added_at: i64,
}

/// A token of the API.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Token {
    /// What it is called, in the audit log, too.
    pub(crate) name: String,
    /// What it may do.
    pub(crate) role: Role,
    /// Unix milliseconds.
    pub(crate) added_at: i64,
    /// Unix milliseconds.
    pub(crate) ends_at: i64,
}

/// The file.
#[derive(Clone)]
pub(crate) struct People(Arc<Mutex<Connection>>);

impl People {
    /// Opens the file in a folder, or makes it; only this user can read it.
    pub(crate) fn open(folder: &Path, name: &str) -> Result<Self> {
        let path = folder.join(format!("{name}.people.sqlite"));
        let refused = |source| Error::File {
            path: path.clone(),
            source,
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(refused)?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        drop(options.open(&path).map_err(refused)?);
        let connection = Connection::open(&path)?;
        connection.busy_timeout(Duration::from_secs(10))?;
        connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.execute_batch(include_str!("schema.sql"))?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds somebody, or gives them another password or role; whatever sessions they had end. `true`: they are new.
    pub(crate) fn put(&self, name: &str, hash: &str, role: Role, now: i64) -> Result<bool> {
        let mut connection = self.lock();
        let change = connection.transaction()?;
        let sql = "UPDATE person SET hash = ?2, role = ?3 WHERE name = ?1";
        let known = change.execute(sql, params![name, hash, role.name()])? > 0;
        if !known {
            let sql = "INSERT INTO person (name, hash, role, added_at) VALUES (?1, ?2, ?3, ?4)";
            change.execute(sql, params![name, hash, role.name(), now])?;
        }
        change.execute("DELETE FROM session WHERE person = ?1", [name])?;
        // The name is theirs, and nobody's whom a provider signs in.
        change.execute("DELETE FROM identity WHERE name = ?1", [name])?;
        change.commit()?;
        Ok(!known)
    }

    /// Takes somebody away, with their sessions; whom a provider signs in may come back through it. `false`: nobody is called so.
    pub(crate) fn remove(&self, name: &str) -> Result<bool> {
        let connection = self.lock();
        let local = connection.execute("DELETE FROM person WHERE name = ?1", [name])?;
        let elsewhere = connection.execute("DELETE FROM identity WHERE name = ?1", [name])?;
        Ok(local + elsewhere > 0)
    }

    /// Everybody, by name.
    pub(crate) fn list(&self) -> Result<Vec<Person>> {
        let connection = self.lock();
        let mut statement = connection.prepare("SELECT name, role, added_at FROM person ORDER BY name")?;
        let found = statement.query_map([], |row| {
            Ok(Person {
                name: row.get(0)?,
                role: role(&row.get::<_, String>(1)?),
                added_at: row.get(2)?,
            })
        })?;
        Ok(found.collect::<rusqlite::Result<_>>()?)
    }

    /// The name as it is written, and the hash of the password.
    pub(crate) fn hash(&self, name: &str) -> Result<Option<(String, String)>> {
        let sql = "SELECT name, hash FROM person WHERE name = ?1";
        let found = self
            .lock()
            .query_row(sql, [name], |row| Ok((row.get(0)?, row.get(1)?)));
        Ok(found.optional()?)
    }

    /// Begins a session of this secret; those that have ended are swept away.
    pub(crate) fn begin_session(&self, secret: &str, name: &str, now: i64) -> Result<()> {
        let connection = self.lock();
        let sql = "DELETE FROM session WHERE seen_at < ?1 OR begun_at < ?2";
        connection.execute(sql, params![now - IDLE_MS, now - WHOLE_MS])?;
        let sql = "INSERT INTO session (digest, person, begun_at, seen_at) VALUES (?1, ?2, ?3, ?3)";
        connection.execute(sql, params![digest(secret), name, now])?;
        Ok(())
    }

    /// Whose session it is, with their role of now; `None`: it has ended.
    pub(crate) fn session(&self, secret: &str, now: i64) -> Result<Option<(String, Role)>> {
        let connection = self.lock();
        let sql = "SELECT p.name, p.role, s.seen_at FROM session s JOIN person p ON p.name = s.person
            WHERE s.digest = ?1 AND s.seen_at >= ?2 AND s.begun_at >= ?3";
        let digest = digest(secret);
        let found: Option<(String, String, i64)> = connection
            .prepare_cached(sql)?
            .query_row(params![digest, now - IDLE_MS, now - WHOLE_MS], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        let Some((name, word, seen_at)) = found else {
            return Ok(None);
        };
        if now - seen_at >= SEEN_EVERY_MS {
            let sql = "UPDATE session SET seen_at = ?2 WHERE digest = ?1";
            connection.execute(sql, params![digest, now])?;
        }
        Ok(Some((name, role(&word))))
    }

    /// Ends a session.
    pub(crate) fn end_session(&self, secret: &str) -> Result<()> {
        let connection = self.lock();
        connection.execute("DELETE FROM session WHERE digest = ?1", [digest(secret)])?;
        connection.execute("DELETE FROM identity_session WHERE digest = ?1", [digest(secret)])?;
        Ok(())
    }

    /// Keeps a token; `false`: there is one of this name.
    pub(crate) fn add_token(&self, token: &Token, secret: &str) -> Result<bool> {
        let sql =
            "INSERT OR IGNORE INTO token (name, digest, role, added_at, ends_at) VALUES (?1, ?2, ?3, ?4, ?5)";
        let values = params![
            token.name,
            digest(secret),
            token.role.name(),
            token.added_at,
            token.ends_at
        ];
        Ok(self.lock().execute(sql, values)? > 0)
    }

    /// The name and role of a token that has not ended.
    pub(crate) fn token(&self, secret: &str, now: i64) -> Result<Option<(String, Role)>> {
        let sql = "SELECT name, role FROM token WHERE digest = ?1 AND ends_at > ?2";
        let connection = self.lock();
        let found = connection.query_row(sql, params![digest(secret), now], |row| {
            Ok((row.get(0)?, role(&row.get::<_, String>(1)?)))
        });
        Ok(found.optional()?)
    }

    /// All tokens, by name.
    pub(crate) fn tokens(&self) -> Result<Vec<Token>> {
        let connection = self.lock();
        let mut statement =
            connection.prepare("SELECT name, role, added_at, ends_at FROM token ORDER BY name")?;
        let found = statement.query_map([], |row| {
            Ok(Token {
                name: row.get(0)?,
                role: role(&row.get::<_, String>(1)?),
                added_at: row.get(2)?,
                ends_at: row.get(3)?,
            })
        })?;
        Ok(found.collect::<rusqlite::Result<_>>()?)
    }

    /// Takes a token away; `false`: there is none of this name.
    pub(crate) fn remove_token(&self, name: &str) -> Result<bool> {
        Ok(self.lock().execute("DELETE FROM token WHERE name = ?1", [name])? > 0)
    }
}

/// A word of a newer version may do the least.
pub(super) fn role(word: &str) -> Role {
    Role::named(word).unwrap_or(Role::Viewer)
}

#[cfg(test)]
#[path = "store/tests.rs"]
mod tests;
