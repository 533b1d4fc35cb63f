//! Rows that people have touched in the form: the ledger follows what a look has shown, and remembers what was found.

use std::borrow::Cow;
use std::time::Duration;

use pipeline::store;

use super::{Error, Ledger, Lua, Seen, number, schema, script};

static TOUCHED: Lua = Lua::new(|| script(include_str!("touched.lua")));

/// What has become of a customer's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Touch {
    /// Deleted.
    Gone,
    /// Its mapped cells, or its key, are others.
    Edited,
    /// Another row has its key by now.
    Replaced,
}

/// What a look means for a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TouchJudged {
    /// As it was known.
    Known,
    /// Nobody this Redis knows.
    Nobody,
    /// Being written, or about to be verified: later.
    Busy,
    /// Touched; the ledger knows it now. `true`: the customer has to be asked for, for [`Ledger::touch_asked`].
    Touched(Touch, bool),
    /// Touched, and the customer is asked for after this time, because it was asked for a moment ago.
    Wait(Duration),
}

/// What is remembered of the last touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LastTouch {
    pub(crate) touch: Touch,
    /// When it was noticed, Redis' clock, ms.
    pub(crate) noticed_ms: i64,
    /// When the customer was asked for because of a touch; 0 when it never was.
    pub(crate) asked_ms: i64,
}

/// Which touches are undone.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Undo {
    /// Rows that are gone are made anew.
    pub(crate) gone: bool,
    /// Cells are written again.
    pub(crate) edited: bool,
    /// A row that is gone stays known: the next record shall find out, and die.
    pub(crate) keeps_gone: bool,
}

impl Touch {
    fn from_letter(letter: &str) -> Option<Self> {
        match letter {
            "g" => Some(Self::Gone),
            "e" => Some(Self::Edited),
            "m" => Some(Self::Replaced),
            _ => None,
        }
    }
}

impl Undo {
    fn letters(self) -> &'static str {
        match (self.gone, self.edited) {
            (true, true) => "gem",
            (true, false) => "g",
            (false, true) => "em",
            (false, false) => "",
        }
    }
}

impl Ledger {
    /// Takes what the form has shown of these customers after `began_ms` of Redis' clock.
    pub(crate) async fn touched(
        &self,
        began_ms: i64,
        invisible: Duration,
        undo: Undo,
        seen: &[Seen],
    ) -> Result<Vec<TouchJudged>, Error> {
        if seen.is_empty() {
            return Ok(Vec::new());
        }
        let mut args: Vec<Cow<'_, str>> = vec![
            "judge".into(),
            began_ms.to_string().into(),
            invisible.as_millis().to_string().into(),
            if undo.keeps_gone { "1" } else { "0" }.into(),
            undo.letters().into(),
            seen.len().to_string().into(),
        ];
        for row in seen {
            args.push(row.company.as_str().into());
            args.push(row.row_id.as_str().into());
            args.push(row.hash.as_str().into());
        }
        let words = self.call(&TOUCHED, &args).await?;
        words.iter().map(|word| judged(word)).collect()
    }

    /// These customers have been asked for.
    pub(crate) async fn touch_asked(&self, companies: &[&str]) -> Result<(), Error> {
        let mut args: Vec<Cow<'_, str>> = vec!["asked".into(), companies.len().to_string().into()];
        args.extend(companies.iter().map(|company| Cow::Borrowed(*company)));
        self.call(&TOUCHED, &args).await.map(drop)
    }

    /// What people did to this customer's row last, as far as it was noticed.
    pub(crate) async fn last_touch(&self, company: &str) -> Result<Option<LastTouch>, Error> {
        let mut command = redis::cmd("HGET");
        command.arg(self.row_key(company)).arg(schema::row::TOUCHED);
        let mut connection = self.store().connection().await?;
        let text: Option<String> = command
            .query_async(&mut *connection)
            .await
            .map_err(store::Error::from)?;
        Ok(text.as_deref().and_then(last))
    }
}

fn judged(word: &str) -> Result<TouchJudged, Error> {
    let unexpected = || Error::Protocol(word.to_owned());
    Ok(match word {
        "=" => TouchJudged::Known,
        "?" => TouchJudged::Nobody,
        "b" => TouchJudged::Busy,
        other => match other.strip_prefix('w') {
            Some(ms) => TouchJudged::Wait(Duration::from_millis(number(Some(&ms.to_owned()))?)),
            None => {
                let letter = other.to_ascii_lowercase();
                let touch = Touch::from_letter(&letter).ok_or_else(unexpected)?;
                TouchJudged::Touched(touch, letter != other)
            }
        },
    })
}

fn last(text: &str) -> Option<LastTouch> {
    let mut words = text.split(' ');
    let touch = Touch::from_letter(words.next()?)?;
    Some(LastTouch {
        touch,
        noticed_ms: words.next()?.parse().ok()?,
        asked_ms: words.next()?.parse().ok()?,
    })
}
