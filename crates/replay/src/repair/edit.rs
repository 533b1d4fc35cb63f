//! One letter edited by hand: what its editor is shown, whether what came back fits, and that nothing else has changed it
//! meanwhile.

use super::{Edit, Error as Unfit, Repair, digest};
use crate::{
    audit,
    browse::{Filter, find},
    error::{Error, Result},
    letter::{
        Letter, body,
        difference::{Difference, differences},
        exact,
        reveal::mask_json,
    },
    plan::{
        Plan,
        make::make_as,
        options::{Canary, Options},
    },
    query::{Query, Word},
    workspace::Workspace,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use pipeline::{
    message::{Death, Envelope},
    stage::Stage,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A letter as its editor is shown it, in full; it can be kept beside the draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// The letter's id.
    pub id: String,
    /// Package and name of the message.
    kind: String,
    /// The body, byte for byte, in base64.
    body: String,
    /// The body as JSON over several lines, numbers as they were written.
    pub text: String,
    /// Body and life of the letter in few characters: whether it is still the one that was shown.
    mark: String,
}

impl Opened {
    /// The letter for its editor.
    ///
    /// # Errors
    /// When its body is no message of ours.
    pub fn of(letter: &Letter) -> Result<Self> {
        let json = body::to_exact(letter.kind(), &letter.body).map_err(|problem| Error::Invalid {
            place: letter.record.id.clone(),
            problem: problem.to_string(),
        })?;
        Ok(Self {
            id: letter.record.id.clone(),
            kind: letter.kind().to_owned(),
            body: BASE64_STANDARD.encode(&letter.body),
            text: exact::write_pretty(&json),
            mark: mark(letter),
        })
    }

    /// What somebody has typed, checked against the letter and its schema.
    ///
    /// # Errors
    /// When it does not fit, with the line or the field at fault.
    pub fn checked(&self, text: &str) -> std::result::Result<Checked, Wrong> {
        let letter = self.letter();
        let before = body::to_exact(letter.kind(), &letter.body).map_err(Unfit::from)?;
        let after = exact::read(text)?;
        let repair = Repair::Replace(Edit::new(&letter, after.clone()));
        repair.body(&letter)?;
        Ok(Checked {
            repair,
            before,
            after,
        })
    }

    /// The letter as far as its body goes; what is kept by ourselves is what we have written.
    fn letter(&self) -> Letter {
        let envelope = Envelope {
            kind: self.kind.clone(),
            ..Envelope::default()
        };
        let body = BASE64_STANDARD.decode(&self.body).unwrap_or_default();
        Letter::read(Stage::Load, "", envelope, &Death::default(), body.into())
    }
}

/// Why an edited text is none that can be put back; nothing was moved.
#[derive(Debug, thiserror::Error)]
pub enum Wrong {
    /// It is no JSON; the source says the line.
    #[error("{}", words::tr!("the edited body is no JSON; nothing was moved"))]
    Json(#[from] serde_json::Error),
    /// It is no body of this letter; the source names the field.
    #[error("{}", words::tr!("nothing was moved"))]
    Unfit(#[from] Unfit),
}

/// What an edited text comes to.
#[derive(Debug)]
pub struct Checked {
    /// The repair of the plan that puts it back.
    pub repair: Repair,
    /// The body as it is, in full.
    pub before: Value,
    /// The body as it would be.
    pub after: Value,
}

/// One value that an edit changes, as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changed {
    /// Where, such as `fields[0].text`.
    pub place: String,
    /// The caption of the cell, where it is in one.
    pub caption: Option<String>,
    /// What was there; `None`: nothing.
    pub before: Option<String>,
    /// What is there now; `None`: nothing.
    pub after: Option<String>,
}

impl Checked {
    /// Every value that differs, in full.
    #[must_use]
    pub fn changes(&self) -> Vec<Changed> {
        let (before, after) = self.shown(true);
        let text = |value: &Value| match value {
            Value::Null => None,
            Value::String(text) if !exact::is_marked(text) => Some(text.clone()),
            value => Some(exact::write(value)),
        };
        let changed = |one: Difference| Changed {
            place: one.place(),
            before: text(&one.before),
            after: text(&one.after),
            caption: one.caption,
        };
        differences(&before, &after).into_iter().map(changed).collect()
    }

    /// Before and after for the screen; e-mail addresses and phone numbers in full only with `reveal`.
    #[must_use]
    pub fn shown(&self, reveal: bool) -> (Value, Value) {
        let (mut before, mut after) = (self.before.clone(), self.after.clone());
        exact::keep(&mut after, &before);
        if !reveal {
            mask_json(&mut before);
            mask_json(&mut after);
        }
        (before, after)
    }
}

/// Shows a letter to its editor, which is on record first.
///
/// # Errors
/// When there is none of this id; when broker or Redis are away, and then nothing is shown.
pub async fn open(workspace: &Workspace, id: &str) -> Result<Opened> {
    let letter = find(workspace, false, id).await?;
    audit::revealed(workspace, "edit", &words::kept!("--id {}", letter.record.id)).await?;
    Opened::of(&letter)
}

fn mark(letter: &Letter) -> String {
    digest(format!("{} {}", letter.key(), digest(&letter.body)).as_bytes())
}

/// The letter, if it is still the one that its editor saw.
///
/// # Errors
/// When it has gone or changed; when the broker is away.
pub async fn unchanged(workspace: &Workspace, seen: &Opened) -> Result<()> {
    match find(workspace, false, &seen.id).await {
        Ok(letter) if mark(&letter) == seen.mark => Ok(()),
        Ok(_) | Err(Error::NotFound { .. }) => Err(Error::NotNow(words::kept!(
            "the letter changed meanwhile; look at it and edit it again; nothing was moved"
        ))),
        Err(error) => Err(error),
    }
}

/// The plan that puts the edited copy back, and its options; it is yet to be run.
///
/// # Errors
/// When the letter has gone meanwhile; when broker or Redis are away.
pub async fn planned(
    workspace: &Workspace,
    plan: String,
    letter: &Opened,
    why: &str,
    repair: Repair,
) -> Result<(Plan, Options)> {
    let filter = Filter::from(Query::of(Word::Id, &letter.id));
    let options = Options {
        canary: Canary(Vec::new()),
        ..Options::default()
    };
    let made = make_as(
        workspace,
        plan,
        &filter,
        why,
        Some(repair),
        options.clone(),
        |_| {},
    )
    .await?;
    let Some(preview) = made else {
        return Err(Error::NotNow(words::kept!(
            "the letter changed meanwhile; look at it and edit it again; nothing was moved"
        )));
    };
    Ok((preview.plan, options))
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost::Message;
    use proto::v1::{FieldValue, FormRecord, field_value};

    fn letter() -> Letter {
        let record = FormRecord {
            company_id: "7".into(),
            fields: vec![FieldValue {
                field: "_widget_1".into(),
                label: "名称".into(),
                value: Some(field_value::Value::Text("旧".into())),
            }],
            ..FormRecord::default()
        };
        let envelope = Envelope::new(&record, 0);
        let body = record.encode_to_vec().into();
        Letter::read(Stage::Load, "t.load", envelope, &Death::default(), body)
    }

    #[test]
    fn what_does_not_fit_names_its_line_or_its_field() {
        let opened = Opened::of(&letter()).unwrap();
        let kept: Opened = serde_json::from_str(&serde_json::to_string(&opened).unwrap()).unwrap();
        let text = kept.text.clone();
        let told = |text: &str| pipeline::cause::chain(&kept.checked(text).unwrap_err());
        assert!(told(&text.replace("\"旧\"", "旧")).contains("line 7"), "{text}");
        let typed = told(&text.replace("\"text\": \"旧\"", "\"text\": 5"));
        assert!(typed.contains("fields[0].text (名称)"), "{typed}");
        assert!(told(&text.replace("\"7\"", "\"8\"")).contains("companyId"));
        assert!(told(&text).contains("nothing would change"));
        let fits = kept.checked(&text.replace('旧', "新")).unwrap();
        let changed = Changed {
            place: "fields[0].text".into(),
            caption: Some("名称".into()),
            before: Some("旧".into()),
            after: Some("新".into()),
        };
        assert_eq!(fits.changes(), [changed]);
        let body = fits.repair.body(&letter()).unwrap();
        let value = FormRecord::decode(body).unwrap().fields[0].value.clone();
        assert_eq!(value, Some(field_value::Value::Text("新".into())));
    }

    #[test]
    fn another_life_of_a_letter_is_another_letter() {
        let mut letter = letter();
        let seen = mark(&letter);
        letter.envelope.life = Some("d-1".into());
        assert_ne!(seen, mark(&letter));
    }
}
