//! People whom an OpenID provider has signed in, in the same file as local ones. A name of the audit log means one of them, or
//! one local person, and nobody else.

use super::{
    Role,
    secret::digest,
    store::{People, Result, role},
};
use rusqlite::{OptionalExtension, Transaction, params};

/// A session that a provider has begun ends after this time, milliseconds: then the provider says again whether they belong
/// here, and as what.
const WHOLE_MS: i64 = 12 * 60 * 60 * 1_000;

/// A session of the future was begun by a clock that was wrong, but for the steps that clocks are put right by.
const AHEAD_MS: i64 = 60_000;

/// Somebody as the provider knows them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Identity<'a> {
    /// The provider.
    pub(crate) issuer: &'a str,
    /// Who they are there.
    pub(crate) subject: &'a str,
    /// What people call them.
    pub(crate) name: &'a str,
    /// What they may do here.
    pub(crate) role: Role,
}

impl People {
    /// Begins a session of this secret; their name here.
    pub(crate) fn welcome(&self, who: Identity<'_>, secret: &str, now: i64) -> Result<String> {
        let mut connection = self.lock();
        let change = connection.transaction()?;
        let sql = "DELETE FROM identity_session WHERE begun_at < ?1";
        change.execute(sql, [now - WHOLE_MS])?;
        let name = free_name(&change, who)?;
        // What the provider says now counts in their other browsers, too.
        let sql = "UPDATE identity_session SET role = ?3 WHERE issuer = ?1 AND subject = ?2";
        change.execute(sql, params![who.issuer, who.subject, who.role.name()])?;
        let sql = "INSERT INTO identity (issuer, subject, name, seen_at) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (issuer, subject) DO UPDATE SET name = excluded.name, seen_at = excluded.seen_at";
        change.execute(sql, params![who.issuer, who.subject, name, now])?;
        let sql = "INSERT INTO identity_session (digest, issuer, subject, role, begun_at) VALUES (?1, ?2, ?3, ?4, ?5)";
        let values = params![digest(secret), who.issuer, who.subject, who.role.name(), now];
        change.execute(sql, values)?;
        change.commit()?;
        Ok(name)
    }

    /// Ends the sessions of somebody who has no role here any more.
    pub(crate) fn turn_away(&self, issuer: &str, subject: &str) -> Result<()> {
        let sql = "DELETE FROM identity_session WHERE issuer = ?1 AND subject = ?2";
        self.lock().execute(sql, [issuer, subject])?;
        Ok(())
    }

    /// Which provider gives which roles from now on, in any words; sessions of another one, or of other roles, end.
    pub(crate) fn provider_is(&self, said: &str) -> Result<()> {
        let mut connection = self.lock();
        let change = connection.transaction()?;
        let sql = "INSERT INTO provider (one, digest) VALUES (1, ?1)
            ON CONFLICT (one) DO UPDATE SET digest = excluded.digest WHERE digest <> excluded.digest";
        if change.execute(sql, [digest(said)])? > 0 {
            change.execute("DELETE FROM identity_session", [])?;
        }
        change.commit()?;
        Ok(())
    }

    /// Whose session it is, with the role that the provider gave them; `None`: it has ended.
    pub(crate) fn identity(&self, secret: &str, now: i64) -> Result<Option<(String, Role)>> {
        let sql = "SELECT i.name, s.role FROM identity_session s
            JOIN identity i ON i.issuer = s.issuer AND i.subject = s.subject WHERE s.digest = ?1 AND s.begun_at BETWEEN ?2 AND ?3";
        let connection = self.lock();
        let found: Option<(String, String)> = connection
            .prepare_cached(sql)?
            .query_row(params![digest(secret), now - WHOLE_MS, now + AHEAD_MS], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        Ok(found.map(|(name, word)| (name, role(&word))))
    }
}

/// Their name, or, where somebody else has it, the same with a part of their digest behind it.
fn free_name(change: &Transaction<'_>, who: Identity<'_>) -> Result<String> {
    let own = digest(&format!("{}\n{}", who.issuer, who.subject));
    let short: String = own.chars().take(6).collect();
    for name in [who.name.to_owned(), format!("{} ({short})", who.name)] {
        let sql = "SELECT EXISTS (SELECT 1 FROM person WHERE name = ?1) OR EXISTS
            (SELECT 1 FROM token WHERE name = ?1) OR EXISTS
            (SELECT 1 FROM identity WHERE name = ?1 AND NOT (issuer = ?2 AND subject = ?3))";
        let is_taken: bool =
            change.query_row(sql, params![name, who.issuer, who.subject], |row| row.get(0))?;
        if !is_taken {
            return Ok(name);
        }
    }
    Ok(format!("{} ({own})", who.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<'a>(subject: &'a str, name: &'a str, role: Role) -> Identity<'a> {
        Identity {
            issuer: "https://id",
            subject,
            name,
            role,
        }
    }

    #[test]
    fn a_session_of_a_provider_ends_and_the_next_one_has_the_role_of_then() {
        let folder = tempfile::tempdir().unwrap();
        let people = People::open(folder.path(), "ns").unwrap();
        people.welcome(of("1", "wang", Role::Admin), "a", 1_000).unwrap();
        let session = |secret, now| people.identity(secret, now).unwrap();
        assert_eq!(session("a", 2_000), Some(("wang".to_owned(), Role::Admin)));
        assert_eq!(session("b", 2_000), None);
        assert_eq!(session("a", 1_001 + WHOLE_MS), None);
        people.welcome(of("1", "wang", Role::Viewer), "b", 3_000).unwrap();
        assert_eq!(session("b", 3_000), Some(("wang".to_owned(), Role::Viewer)));
        assert_eq!(
            session("a", 3_000),
            Some(("wang".to_owned(), Role::Viewer)),
            "in the other browser, too"
        );
        people.end_session("b").unwrap();
        assert_eq!(session("b", 3_000), None);
        people.turn_away("https://id", "1").unwrap();
        assert_eq!(session("a", 3_000), None, "no role any more");
        people.welcome(of("1", "wang", Role::Viewer), "a", 3_000).unwrap();
        assert_eq!(session("a", 2_999 - AHEAD_MS), None, "the clock was ahead");
        assert!(people.remove("WANG").unwrap());
        assert_eq!(session("a", 3_000), None, "removed from the desk");
    }

    #[test]
    fn sessions_end_when_another_provider_or_other_roles_are_set() {
        let folder = tempfile::tempdir().unwrap();
        let people = People::open(folder.path(), "ns").unwrap();
        people.provider_is("admins=admin").unwrap();
        people.welcome(of("1", "wang", Role::Admin), "a", 1).unwrap();
        people.provider_is("admins=admin").unwrap();
        assert!(people.identity("a", 2).unwrap().is_some());
        people.provider_is("").unwrap();
        assert_eq!(people.identity("a", 2).unwrap(), None);
    }

    #[test]
    fn a_name_means_one_person() {
        let folder = tempfile::tempdir().unwrap();
        let people = People::open(folder.path(), "ns").unwrap();
        people.put("li", "hash", Role::Admin, 1).unwrap();
        let welcome = |subject, name, secret| {
            people
                .welcome(of(subject, name, Role::Viewer), secret, 1)
                .unwrap()
        };
        let other = welcome("1", "Li", "a");
        assert!(other.starts_with("Li ("), "{other}");
        assert_eq!(welcome("1", "Li", "b"), other, "the same each time");
        assert_eq!(welcome("2", "wang", "c"), "wang");
        let second = welcome("3", "Wang", "d");
        assert!(second.starts_with("Wang ("), "{second}");
        let squatter = welcome("4", &second, "e");
        assert_ne!(squatter, second);
        // Somebody local gets the name from now on.
        people.put("wang", "hash", Role::Operator, 2).unwrap();
        assert_eq!(people.identity("c", 2).unwrap(), None);
        assert!(welcome("2", "wang", "f").starts_with("wang ("));
        // Local people sign in with passwords, and nobody else does.
        assert!(people.hash("Wang (x)").unwrap().is_none() && people.hash(&other).unwrap().is_none());
    }
}
