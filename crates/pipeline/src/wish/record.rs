//! A wish as it is kept and shown.

use super::{error::Error, kind::WishKind};
use serde::{Serialize, Serializer};
use std::{collections::BTreeMap, collections::HashMap, str::FromStr, time::Duration};

/// How long a wish waits for somebody to take it, unless it says otherwise.
pub const PATIENCE: Duration = Duration::from_secs(600);
/// Characters of a name or a reason.
const LONGEST: usize = 500;

/// What somebody asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// What.
    pub kind: WishKind,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// How long it waits for somebody to take it.
    pub patience: Duration,
}

impl Ask {
    /// With the usual patience.
    pub fn new(kind: WishKind, by: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            kind,
            by: by.into(),
            reason: reason.into(),
            patience: PATIENCE,
        }
    }

    pub(super) fn checked(self) -> Result<Self, Error> {
        let (by, reason) = signed(&self.by, &self.reason)?;
        Ok(Self {
            kind: self.kind.checked()?,
            by,
            reason,
            ..self
        })
    }
}

/// A name and a reason that say something and fit into a line.
pub(super) fn signed(by: &str, reason: &str) -> Result<(String, String), Error> {
    let [by, reason] = [by, reason].map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    if by.is_empty() {
        return Err(Error::Nobody);
    }
    if reason.is_empty() {
        return Err(Error::NoReason);
    }
    if [&by, &reason].iter().any(|text| text.chars().count() > LONGEST) {
        return Err(Error::TooLong(LONGEST));
    }
    Ok((by, reason))
}

/// What asking has come to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Asked {
    /// The new wish, or the same one that waited already.
    pub wish: Wish,
    /// It was asked for now.
    pub is_new: bool,
}

/// How a wish stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nobody has taken it yet.
    Waiting,
    /// A replica does it, or has died over it.
    Taken,
    /// It was done.
    Done,
    /// It could not be done.
    Failed,
    /// Whoever asked has thought better of it.
    Cancelled,
    /// Nobody has taken it in time.
    Expired,
}

impl State {
    const ALL: [Self; 6] = [
        Self::Waiting,
        Self::Taken,
        Self::Done,
        Self::Failed,
        Self::Cancelled,
        Self::Expired,
    ];

    /// Its word in Redis and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Taken => "taken",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    /// Its word for people.
    #[must_use]
    pub fn told(self) -> &'static str {
        match self {
            Self::Waiting => words::text!("waiting"),
            Self::Taken => words::text!("being done"),
            Self::Done => words::text!("done"),
            Self::Failed => words::text!("failed"),
            Self::Cancelled => words::text!("cancelled"),
            Self::Expired => words::text!("expired"),
        }
    }

    /// Nothing changes it any more.
    #[must_use]
    pub const fn is_over(self) -> bool {
        !matches!(self, Self::Waiting | Self::Taken)
    }
}

impl FromStr for State {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|state| state.name() == word).ok_or(())
    }
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.name())
    }
}

/// What somebody has asked for, and what became of it. Times are those of Redis' clock, unix milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Wish {
    /// `w-…`.
    pub id: String,
    /// What.
    #[serde(flatten)]
    pub kind: WishKind,
    /// Who has asked.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub asked_ms: i64,
    /// How long it waits for somebody to take it, milliseconds.
    pub patience_ms: u64,
    /// How it stands.
    pub state: State,
    /// Which replica has it, or had it last.
    pub instance: Option<String>,
    /// When that one took it.
    pub taken_ms: Option<i64>,
    /// How often it was taken.
    pub takes: u32,
    /// How far it is: an English sentence, which `words::retold` says in another language.
    pub progress: String,
    /// What it came to, in the same way.
    pub outcome: String,
    /// The same as numbers.
    pub counts: BTreeMap<String, u64>,
    /// When it was over.
    pub ended_ms: Option<i64>,
}

impl Wish {
    /// As Redis keeps it; `None`: it is gone, or was written by a version that knows other kinds.
    pub(super) fn of(id: String, fields: &HashMap<String, String>) -> Option<Self> {
        let text = |name: &str| fields.get(name).cloned().unwrap_or_default();
        let number = |name: &str| fields.get(name).and_then(|text| text.parse().ok());
        let mut wish = Self {
            id,
            kind: serde_json::from_str(fields.get("kind")?).ok()?,
            by: text("by"),
            reason: text("reason"),
            asked_ms: number("asked_ms")?,
            patience_ms: number("patience_ms")?.unsigned_abs(),
            state: fields.get("state")?.parse().ok()?,
            instance: fields.get("instance").cloned(),
            taken_ms: number("taken_ms"),
            takes: fields
                .get("takes")
                .and_then(|takes| takes.parse().ok())
                .unwrap_or(0),
            progress: text("progress"),
            outcome: text("outcome"),
            counts: serde_json::from_str(&text("counts")).unwrap_or_default(),
            ended_ms: number("ended_ms"),
        };
        if wish.state == State::Expired {
            wish.outcome = wish.nobody();
        }
        Some(wish)
    }

    /// As everybody may see it who looks.
    pub(super) fn shown(self) -> Self {
        Self {
            kind: self.kind.shown(),
            ..self
        }
    }

    fn nobody(&self) -> String {
        let (program, seconds) = (self.kind.stage().program(), self.patience_ms / 1_000);
        match &self.instance {
            None => words::kept!(
                "nobody has taken it for {seconds} s: no {program} runs, or those that run are paused"
            ),
            Some(instance) => words::kept!(
                "{instance} has left it, and nobody has gone on with it for {seconds} s: no {program} runs, or those that run are paused"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_and_why_are_said_in_a_line() {
        assert_eq!(
            signed(" 李\n雷 ", "  new   customer ").unwrap(),
            ("李 雷".to_owned(), "new customer".to_owned())
        );
        assert!(matches!(signed(" ", "why"), Err(Error::Nobody)));
        assert!(matches!(signed("who", "\n"), Err(Error::NoReason)));
        assert!(matches!(
            signed("who", &"x".repeat(501)),
            Err(Error::TooLong(500))
        ));
    }

    #[test]
    fn a_wish_of_a_newer_version_is_none_of_ours() {
        let fields = |kind: &str| {
            [
                ("kind", kind),
                ("state", "expired"),
                ("asked_ms", "1"),
                ("patience_ms", "600000"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into()
        };
        let wish = Wish::of("w-1".into(), &fields(r#"{"kind":"list-now"}"#)).unwrap();
        assert!(
            wish.outcome
                .starts_with("nobody has taken it for 600 s: no extractor runs"),
            "{}",
            wish.outcome
        );
        assert!(Wish::of("w-1".into(), &fields(r#"{"kind":"dance"}"#)).is_none());
        assert!(Wish::of("w-1".into(), &HashMap::new()).is_none());
    }

    #[test]
    fn states_are_read_as_they_were_written() {
        for state in State::ALL {
            assert_eq!(state.name().parse(), Ok(state));
        }
        assert!("lost".parse::<State>().is_err());
    }
}
