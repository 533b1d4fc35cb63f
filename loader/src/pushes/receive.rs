//! A push arrives: judged by its signature, its age and its form, and noted before it is answered.

use jiff::Timestamp;
use pipeline::webhook::{Push, Receiver, Verdict};
use serde_json::{Map, Value};

use super::Pushes;
use super::inbox::{Note, Noted};
use super::parse::{Deed, Said, read};
use super::signature::Signed;
use crate::jdy::lookup::Recognition;
use crate::jdy::types::text;
use crate::ledger::KnownRow;

/// Longer names of events are cut.
const LONGEST_NAME: usize = 100;

/// A push that is about a row of the form.
struct Told {
    deed: Deed,
    row: String,
    company: String,
    content: String,
}

impl Receiver for Pushes {
    async fn receive(&self, push: Push) -> Verdict {
        let (deed, result, verdict) = self.judge(&push).await;
        self.counts.arrived(deed, result);
        verdict
    }
}

impl Pushes {
    /// What it is about, what became of it, and the answer.
    async fn judge(&self, push: &Push) -> (&'static str, &'static str, Verdict) {
        let header = |name: &str| push.headers.get(name).and_then(|value| value.to_str().ok());
        // The vendor's own example has their contents exchanged.
        let given = ["x-jdy-signature", "x-jdy-deliverid"].map(|name| header(name).unwrap_or_default());
        let (signed, secret) = (Signed::read(&push.query), self.config.secret.current());
        let Some(signature) = signed.find(secret.expose(), &push.body, &given) else {
            tracing::debug!("a push is not signed with JDY_HOOK_SECRET");
            return ("unknown", "forged", Verdict::Forged);
        };
        if !signed.is_fresh(Timestamp::now().as_millisecond(), self.config.max_age) {
            tracing::warn!("a push is older than JDY_HOOK_MAX_AGE, or the clocks disagree");
            return ("unknown", "stale", Verdict::Forged);
        }
        let (deed, row) = match read(&push.body, self.writer.vendor.client.form()) {
            Said::Row(deed, row) => (deed, row),
            Said::Other => return ("other", "ignored", Verdict::Accepted),
            Said::Foreign => {
                tracing::warn!("another form pushes to the address of this one");
                return ("unknown", "foreign", Verdict::Accepted);
            }
            Said::Nothing => return ("unknown", "malformed", Verdict::Malformed),
        };
        let event = if signature == given[0] { given[1] } else { given[0] };
        let told = self.told(deed, &row);
        let (result, verdict) = self
            .take(&told, event, &signed.of(secret.expose(), &push.body))
            .await;
        (deed.name(), result, verdict)
    }

    /// What of it is remembered: whose row it is, and the hash of its cells.
    fn told(&self, deed: Deed, row: &Map<String, Value>) -> Told {
        let index = &self.writer.index;
        let recognition = index.recognition();
        let is_whole = recognition.is_some();
        let recognition = recognition.or_else(|| {
            // Before a record has shown the mapped widgets, the key can be read.
            Some(Recognition {
                key_widget: index.key_widget()?.to_owned(),
                widgets: Vec::new(),
                kinds: self.writer.vendor.client.kinds.clone(),
            })
        });
        let found = recognition.and_then(|recognition| recognition.read(row));
        let (company, content) = found
            .map(|(company, found)| (company, found.hash().to_owned()))
            .unwrap_or_default();
        Told {
            deed,
            row: text(row, "_id").to_owned(),
            company,
            content: if is_whole { content } else { String::new() },
        }
    }

    async fn take(&self, told: &Told, event: &str, signature: &str) -> (&'static str, Verdict) {
        let noted = async {
            let row = match told.company.is_empty() {
                true => None,
                false => self
                    .writer
                    .ledger
                    .known_rows(&[&told.company])
                    .await?
                    .pop()
                    .flatten(),
            };
            if is_as_written(told, row.as_ref()) {
                return Ok(None);
            }
            let name = |kind: &str, name: &str| match name.trim() {
                "" => String::new(),
                name => format!("{kind}{}", name.get(..LONGEST_NAME).unwrap_or(name)),
            };
            let names = [name("e:", event), name("s:", signature)];
            let note = Note {
                row: &told.row,
                deed: told.deed,
                company: &told.company,
                content: &told.content,
                known: row.is_some(),
                names: [&names[0], &names[1]],
                lives: Signed::lives(self.config.max_age),
            };
            self.inbox
                .note(&note)
                .await
                .map(Some)
                .map_err(crate::ledger::Error::from)
        };
        match noted.await {
            Ok(None) => ("unmapped", Verdict::Accepted),
            Ok(Some(Noted::New)) => {
                self.wake.notify_one();
                ("noted", Verdict::Accepted)
            }
            Ok(Some(Noted::Repeated)) => ("repeated", Verdict::Accepted),
            Ok(Some(Noted::Full)) => ("full", Verdict::Busy),
            // Sending it again would not help: it is one of a flood.
            Ok(Some(Noted::Left)) => ("left", Verdict::Accepted),
            Err(error) => {
                tracing::debug!(%error, "a push cannot be noted");
                ("failed", Verdict::Failed)
            }
        }
    }
}

/// An edit that shows the row as it was written last, with its key: only widgets that nobody maps are others.
fn is_as_written(told: &Told, known: Option<&KnownRow>) -> bool {
    told.deed == Deed::Update
        && !told.content.is_empty()
        && known.is_some_and(|known| {
            known.id.as_ref() == Some(&told.row) && known.hash.as_ref() == Some(&told.content)
        })
}
