//! The mapping on trial: a draft or a document, with customers of the account.

use super::{
    Progress, SetUp,
    files::{drafted, drafted_field, settings},
    steps::{chosen_form, chosen_key},
};
use crate::server::Failure;
use mapping::draft;
use pipeline::{
    setup::Trials,
    stage::Stage,
    wish::{WishKind, Wishes},
};
use std::collections::BTreeMap;

impl SetUp<'_> {
    pub(super) async fn draft(&mut self, progress: &mut Progress) -> Result<(), Failure> {
        if self.tried.customers.is_empty() {
            self.fields(progress).await?;
        }
        let (form, key_widget) = (chosen_form(progress)?, chosen_key(progress)?);
        let widgets: Vec<draft::Widget> = form.widgets.iter().map(drafted).collect();
        let fields: Vec<draft::Field> = progress.fields.iter().map(drafted_field).collect();
        let made = draft::draft(
            &fields,
            &self.tried.customers,
            &draft::Form {
                app_id: &form.app_id,
                entry_id: &form.entry_id,
                widgets: &widgets,
                key_widget: Some(key_widget),
            },
        );
        self.tried.report = made.widgets;
        self.mapping(progress, made.document).await
    }

    /// Tries a document; it is kept as it stands, and can be used when nothing is wrong with it.
    pub(super) async fn mapping(&mut self, progress: &mut Progress, document: String) -> Result<(), Failure> {
        if document.trim().is_empty() {
            return Err(Failure::invalid(
                "mapping",
                words::kept!("paste a document, or start from a draft"),
            ));
        }
        progress.document = Some(document);
        progress.is_usable = false;
        if self.tried.customers.is_empty() {
            self.fields(progress).await?;
        }
        let key_widget = chosen_key(progress)?.to_owned();
        let kind = WishKind::TryMapping {
            documents: documents(progress)?,
            widgets: chosen_form(progress)?.widgets.clone(),
            customers_of: progress.customers_of.clone(),
        };
        let why = words::text!("try the mapping");
        let (wish, answer) = match self.asked(kind.clone(), why).await {
            // Customers are kept for an hour.
            Err(Failure::Refused(_)) => {
                self.fields(progress).await?;
                self.asked(again(kind, progress.customers_of.clone()), why)
                    .await?
            }
            tried => tried?,
        };
        let trials = judged(&answer.unwrap_or_default(), &key_widget)?;
        progress.is_usable = trials.english.problems.is_empty();
        progress.fills = Some(trials.english.fields.len());
        progress.trial_of = Some(wish.id);
        self.tried.trial = Some(trials);
        Ok(())
    }
}

/// What a program has answered, and what only the desk knows to be wrong with it.
fn judged(answer: &str, key_widget: &str) -> Result<Trials, Failure> {
    let mut trials: Trials = serde_json::from_str(answer)?;
    let greedy = trials
        .english
        .fields
        .iter()
        .find(|field| field.widget == key_widget);
    if let Some(label) = greedy.map(|field| field.label.clone()) {
        trials.add_problem(|| {
            words::tr!(
                "the mapping fills the key widget ({}), which belongs to the loader alone; take it out of the mapping, or \
                 choose another key widget",
                label
            )
        });
    }
    Ok(trials)
}

/// What was tried before this process began, while Redis still has the answer: an hour long.
///
/// # Errors
/// When Redis does not answer.
pub(crate) async fn tried_before(wishes: &Wishes, progress: &Progress) -> Result<Option<Trials>, Failure> {
    let (Some(id), Some(key_widget)) = (&progress.trial_of, &progress.key_widget) else {
        return Ok(None);
    };
    let answer = wishes.answer(id).await?;
    Ok(answer.and_then(|answer| judged(&answer, key_widget).ok()))
}

/// Documents by the variables that name their files.
fn documents(progress: &Progress) -> Result<BTreeMap<String, String>, Failure> {
    let (_, documents) = settings(progress, Stage::Transform, false)?;
    Ok(documents)
}

fn again(kind: WishKind, customers_of: Option<String>) -> WishKind {
    match kind {
        WishKind::TryMapping {
            documents, widgets, ..
        } => WishKind::TryMapping {
            documents,
            widgets,
            customers_of,
        },
        other => other,
    }
}
