//! What was pushed and is not dealt with yet, in Redis: bounded, one entry for each row, whichever loader was told.
//!
//! A push is answered 2xx once it stands here. An entry goes when a loader has dealt with it, and comes back when that
//! loader has died; whatever was pushed meanwhile is looked at again.

use std::sync::LazyLock;
use std::time::Duration;

use pipeline::names::LedgerKeys;
use pipeline::store::{Error, Script, Store};

use super::parse::Deed;

static INBOX: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("inbox.lua")));

/// Rows that may wait.
const MOST_ROWS: usize = 10_000;
/// Of these, rows of nobody that the ledger knows.
const MOST_UNKNOWN: usize = 2_000;
/// How many of them are handed out at once, and within a minute: whoever knows the secret may make up as many as he likes,
/// and each costs a call.
pub(super) const UNKNOWN_AT_ONCE: usize = 10;
const UNKNOWN_A_MINUTE: usize = 60;
/// Pushes that are remembered, each by two names.
const MOST_NAMES: usize = 40_000;
/// Pushes about the same row that come together are looked at together.
const TOGETHER: Duration = Duration::from_millis(300);

/// The place in Redis.
#[derive(Clone)]
pub(super) struct Inbox {
    store: Store,
    keys: [String; 5],
}

/// A push as it is noted.
#[derive(Debug, Clone)]
pub(super) struct Note<'a> {
    pub(super) row: &'a str,
    pub(super) deed: Deed,
    /// Whose row it is, as the key cell says; empty when it says nothing.
    pub(super) company: &'a str,
    /// Hash of the mapped cells that it shows; empty when that is not known.
    pub(super) content: &'a str,
    /// The ledger knows the customer: it is looked at before those of nobody known.
    pub(super) known: bool,
    /// How a repeated one is recognised.
    pub(super) names: [&'a str; 2],
    /// How long.
    pub(super) lives: Duration,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Noted {
    New,
    Repeated,
    /// Too many rows wait.
    Full,
    /// Too many rows of nobody known wait: the walk over the form finds what there is.
    Left,
}

/// Everything that was pushed about a row and is not dealt with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Hint {
    pub(super) row: String,
    deeds: String,
    /// Whose row it is by the last push, and by one before that; empty when it says nothing.
    pub(super) company: String,
    pub(super) before: String,
    pub(super) content: String,
    pushes: String,
    pub(super) tries: u32,
    /// When the last push came, Redis' clock, ms.
    pub(super) last_ms: i64,
}

/// Hints that were handed out.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// Redis' clock, ms.
    pub(super) time_ms: i64,
    pub(super) waiting: u64,
    /// Of these, rows of nobody known.
    pub(super) unknown: u64,
    pub(super) hints: Vec<Hint>,
}

impl Hint {
    pub(super) fn is(&self, deed: Deed) -> bool {
        self.deeds.contains(deed.letter())
    }

    pub(super) fn is_only(&self, deed: Deed) -> bool {
        self.deeds.chars().all(|letter| letter == deed.letter())
    }

    /// Those whose row it was said to be, the last one first.
    pub(super) fn companies(&self) -> impl Iterator<Item = &str> {
        let both = [self.company.as_str(), self.before.as_str()];
        both.into_iter().filter(|company| !company.is_empty())
    }

    #[cfg(test)]
    pub(super) fn of(deeds: &str, tries: u32, last_ms: i64) -> Self {
        Self {
            deeds: deeds.to_owned(),
            tries,
            last_ms,
            ..Self::default()
        }
    }

    fn read(row: String, packed: &str) -> Self {
        let mut parts = packed.split('\n');
        let mut next = || parts.next().unwrap_or_default().to_owned();
        Self {
            row,
            deeds: next(),
            company: next(),
            before: next(),
            content: next(),
            pushes: next(),
            tries: next().parse().unwrap_or(0),
            last_ms: {
                drop(next());
                next().parse().unwrap_or(0)
            },
        }
    }
}

impl Inbox {
    pub(super) fn new(store: Store, names: &LedgerKeys) -> Self {
        let keys = [
            names.pushed(),
            names.pushed_rows(),
            names.pushed_before(),
            names.pushed_unknown(),
            names.pushed_unknown_count(),
        ];
        Self { store, keys }
    }

    /// Notes a push, once.
    pub(super) async fn note(&self, note: &Note<'_>) -> Result<Noted, Error> {
        // A key with a line break in it is nobody's.
        let company = match note.company.contains('\n') {
            true => "",
            false => note.company,
        };
        let args = [
            "note".to_owned(),
            note.row.to_owned(),
            note.deed.letter().to_string(),
            company.to_owned(),
            note.content.to_owned(),
            TOGETHER.as_millis().to_string(),
            MOST_ROWS.to_string(),
            note.lives.as_millis().to_string(),
            MOST_NAMES.to_string(),
            if note.known { "1" } else { "" }.to_owned(),
            MOST_UNKNOWN.to_string(),
            note.names[0].to_owned(),
            note.names[1].to_owned(),
        ];
        let answer: Vec<String> = self.store.invoke(&INBOX, &self.keys, &args).await?;
        Ok(match answer.first().map(String::as_str) {
            Some("noted") => Noted::New,
            Some("repeated") => Noted::Repeated,
            Some("left") => Noted::Left,
            _ => Noted::Full,
        })
    }

    /// Hints that are due; no other loader gets them for as long as `hold`.
    pub(super) async fn take(&self, most: usize, hold: Duration) -> Result<Taken, Error> {
        let args = [
            "take".to_owned(),
            most.to_string(),
            hold.as_millis().to_string(),
            UNKNOWN_AT_ONCE.to_string(),
            UNKNOWN_A_MINUTE.to_string(),
        ];
        let answer: Vec<String> = self.store.invoke(&INBOX, &self.keys, &args).await?;
        let mut answer = answer.into_iter();
        let mut number = || -> i64 {
            let text = answer.next();
            text.and_then(|text| text.parse().ok()).unwrap_or(0)
        };
        let (time_ms, waiting, unknown) = (number(), number(), number());
        let mut hints = Vec::new();
        while let (Some(row), Some(packed)) = (answer.next(), answer.next()) {
            hints.push(Hint::read(row, &packed));
        }
        Ok(Taken {
            time_ms,
            waiting: u64::try_from(waiting).unwrap_or(0),
            unknown: u64::try_from(unknown).unwrap_or(0),
            hints,
        })
    }

    /// The rows of nobody known that wait.
    pub(super) async fn unknown(&self) -> Result<Vec<String>, Error> {
        let args = ["unknown".to_owned(), MOST_UNKNOWN.to_string()];
        self.store.invoke(&INBOX, &self.keys, &args).await
    }

    /// These rows are somebody's after all.
    pub(super) async fn promote(&self, rows: impl IntoIterator<Item = String>) -> Result<(), Error> {
        let args: Vec<String> = std::iter::once("known".to_owned()).chain(rows).collect();
        let _: Vec<String> = self.store.invoke(&INBOX, &self.keys, &args).await?;
        Ok(())
    }

    /// Takes hints off the list, or puts them off by this time.
    pub(super) async fn settle(&self, hints: &[(&Hint, Option<Duration>)]) -> Result<(), Error> {
        if hints.is_empty() {
            return Ok(());
        }
        let mut args = vec!["settle".to_owned(), hints.len().to_string()];
        for (hint, put_off) in hints {
            args.push(hint.row.clone());
            args.push(hint.pushes.clone());
            args.push(put_off.map_or_else(|| "-1".to_owned(), |delay| delay.as_millis().to_string()));
        }
        let _: Vec<String> = self.store.invoke(&INBOX, &self.keys, &args).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::testing::PrivateRedis;
    use pipeline::names::Namespace;
    use pipeline::retry::Backoff;

    const HOUR: Duration = Duration::from_secs(3600);

    fn inbox(redis: &PrivateRedis) -> Inbox {
        let namespace: Namespace = "pushes".parse().unwrap();
        Inbox::new(redis.store(), &namespace.ledger_keys("form"))
    }

    fn note<'a>(row: &'a str, deed: Deed, company: &'a str, name: &'a str) -> Note<'a> {
        Note {
            row,
            deed,
            company,
            content: "aa",
            known: true,
            names: [name, ""],
            lives: HOUR,
        }
    }

    /// What is due, once something is.
    async fn take(inbox: &Inbox, hold: Duration) -> Vec<Hint> {
        let mut backoff = Backoff::new(Duration::from_millis(20), Duration::from_millis(100));
        loop {
            let taken = inbox.take(10, hold).await.unwrap();
            if !taken.hints.is_empty() {
                return taken.hints;
            }
            backoff.wait().await;
        }
    }

    #[tokio::test]
    async fn what_comes_twice_is_noted_once() {
        let redis = PrivateRedis::start().await;
        let inbox = inbox(&redis);
        let mut push = note("r1", Deed::Update, "7", "event-1");
        push.names[1] = "signature-1";
        assert_eq!(inbox.note(&push).await.unwrap(), Noted::New);
        assert_eq!(inbox.note(&push).await.unwrap(), Noted::Repeated);
        push.names[0] = "another event under the same signature";
        assert_eq!(inbox.note(&push).await.unwrap(), Noted::Repeated);
        push.names = ["event-1", "signed again"];
        assert_eq!(inbox.note(&push).await.unwrap(), Noted::Repeated);
        let taken = take(&inbox, HOUR).await;
        inbox.settle(&[(&taken[0], None)]).await.unwrap();
        assert_eq!(
            inbox.note(&push).await.unwrap(),
            Noted::Repeated,
            "also when it was dealt with"
        );
    }

    #[tokio::test]
    async fn a_flood_about_one_row_is_one_hint_with_all_of_it() {
        let redis = PrivateRedis::start().await;
        let inbox = inbox(&redis);
        for (deed, company, name) in [
            (Deed::Create, "7", "1"),
            (Deed::Update, "", "2"),
            (Deed::Update, "8", "3"),
            (Deed::Remove, "8", "4"),
        ] {
            let noted = inbox.note(&note("r1", deed, company, name)).await.unwrap();
            assert_eq!(noted, Noted::New);
        }
        let hints = take(&inbox, HOUR).await;
        assert_eq!(hints.len(), 1);
        let hint = &hints[0];
        assert!(hint.is(Deed::Create) && hint.is(Deed::Remove) && !hint.is(Deed::Recover));
        assert_eq!(hint.companies().collect::<Vec<_>>(), ["8", "7"]);
        assert!(hint.last_ms > 0);
    }

    #[tokio::test]
    async fn a_hint_stays_until_it_was_dealt_with_as_it_is() {
        let redis = PrivateRedis::start().await;
        let inbox = inbox(&redis);
        inbox.note(&note("r1", Deed::Update, "7", "1")).await.unwrap();
        let killed = take(&inbox, Duration::ZERO).await;
        let next = take(&inbox, HOUR).await;
        assert_eq!(killed, next, "whoever took it has died");
        assert!(inbox.take(10, HOUR).await.unwrap().hints.is_empty(), "handed out");
        inbox.note(&note("r1", Deed::Remove, "7", "2")).await.unwrap();
        inbox.settle(&[(&next[0], None)]).await.unwrap();
        let more = take(&inbox, HOUR).await;
        assert!(more[0].is(Deed::Remove), "it was pushed about meanwhile");
        inbox.settle(&[(&more[0], Some(Duration::ZERO))]).await.unwrap();
        let again = take(&inbox, HOUR).await;
        assert_eq!(again[0].tries, 1);
        inbox.settle(&[(&again[0], None)]).await.unwrap();
        let taken = inbox.take(10, HOUR).await.unwrap();
        assert_eq!((taken.waiting, taken.hints.len()), (0, 0));
    }

    #[tokio::test]
    async fn a_flood_about_rows_of_nobody_known_lets_known_ones_go_first() {
        let redis = PrivateRedis::start().await;
        let inbox = inbox(&redis);
        let mut noted = Vec::new();
        for row in 0..MOST_UNKNOWN + 5 {
            let (row, name) = (format!("r{row}"), format!("n{row}"));
            let mut push = note(&row, Deed::Update, "999", &name);
            push.known = false;
            noted.push(inbox.note(&push).await.unwrap());
        }
        assert_eq!(noted.iter().filter(|noted| **noted == Noted::Left).count(), 5);
        inbox
            .note(&note("known", Deed::Update, "7", "known"))
            .await
            .unwrap();
        // One of the flood turns out to be somebody's.
        inbox.note(&note("r1999", Deed::Update, "8", "8")).await.unwrap();
        let mut backoff = Backoff::new(Duration::from_millis(20), Duration::from_millis(100));
        let first = loop {
            let taken = inbox.take(50, HOUR).await.unwrap();
            if taken.hints.iter().any(|hint| hint.row == "known") {
                break taken.hints;
            }
            backoff.wait().await;
        };
        let rows: Vec<&str> = first.iter().take(2).map(|hint| hint.row.as_str()).collect();
        assert!(rows.contains(&"known"), "{rows:?}");
        let mut handed_out = first.len();
        for _ in 0..100 {
            let taken = inbox.take(50, HOUR).await.unwrap();
            assert!(taken.hints.len() <= UNKNOWN_AT_ONCE + 1);
            handed_out += taken.hints.len();
        }
        // Two minutes may have been touched.
        assert!(handed_out <= 2 * UNKNOWN_A_MINUTE + 2, "{handed_out}");
        // What was handed out and dies comes back to where it was, and what is settled is gone.
        let waiting = inbox.take(50, HOUR).await.unwrap().waiting;
        inbox.settle(&[(&first[0], None)]).await.unwrap();
        assert_eq!(inbox.take(50, HOUR).await.unwrap().waiting, waiting - 1);
    }

    #[tokio::test]
    async fn no_more_rows_wait_than_there_is_room_for() {
        let redis = PrivateRedis::start().await;
        let inbox = inbox(&redis);
        for row in 0..MOST_ROWS {
            let (row, name) = (format!("r{row}"), format!("n{row}"));
            let noted = inbox.note(&note(&row, Deed::Update, "7", &name)).await.unwrap();
            assert_eq!(noted, Noted::New);
        }
        let full = inbox.note(&note("one more", Deed::Update, "7", "x")).await;
        assert_eq!(full.unwrap(), Noted::Full);
        let known = inbox.note(&note("r1", Deed::Remove, "7", "x")).await;
        assert_eq!(
            known.unwrap(),
            Noted::New,
            "it needs no more room, and was not taken before"
        );
    }
}
