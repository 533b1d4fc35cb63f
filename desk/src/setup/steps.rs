//! What each step does.

use super::{
    Kept, Progress, Step,
    programs::{Program, programs},
};
use crate::{asking, server::Failure};
use mapping::draft::WidgetReport;
use pipeline::{
    setting::Secret,
    setup::{Catalogue, Dictionary, FormSheet, Trials},
    stage::Stage,
    wish::WishKind,
};
use replay::workspace::Workspace;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// Customers that are written first.
const FIRST: usize = 20;

/// What was tried last; it shows customers and is kept by nobody but the process.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
#[schema(as = SetupTrial)]
pub(crate) struct Tried {
    /// Customers of the account.
    #[serde(skip)]
    pub(crate) customers: Vec<Value>,
    /// What the mapping makes of some of them.
    #[schema(value_type = Option<Object>)]
    pub(crate) trial: Option<Trials>,
    /// How the draft came about.
    #[schema(value_type = Vec<Object>)]
    pub(crate) report: Vec<WidgetReport>,
}

/// Somebody at work on it.
pub(crate) struct SetUp<'s> {
    /// Who, and where.
    pub(crate) workspace: Workspace,
    /// What is kept.
    pub(crate) kept: &'s Kept,
    /// What was tried last.
    pub(crate) tried: &'s mut Tried,
}

impl SetUp<'_> {
    /// Takes a step, and returns how far that has led.
    ///
    /// # Errors
    /// When it cannot be taken: what is missing, or what a program or its vendor has said.
    pub(crate) async fn take(&mut self, step: Step) -> Result<Progress, Failure> {
        let _alone = self.kept.lock().await?;
        let mut progress = self.kept.read()?;
        let done = self.take_step(&mut progress, step).await;
        // What was tried and failed may have changed something, too: a document that cannot be used yet.
        self.kept.write(&progress)?;
        done.map(|()| progress)
    }

    async fn take_step(&mut self, progress: &mut Progress, step: Step) -> Result<(), Failure> {
        match step {
            Step::OkkiKeys {
                client_id,
                client_secret,
                base_url,
            } => {
                let keys = [
                    ("OKKI_CLIENT_ID", Secret::new(client_id.trim())),
                    ("OKKI_CLIENT_SECRET", client_secret),
                    ("OKKI_BASE_URL", Secret::new(base_url.trim())),
                ];
                progress.okki = Some(self.keys(Stage::Extract, keys).await?);
                self.fields(progress).await
            }
            Step::JdyKey { api_key, base_url } => {
                let keys = [
                    ("JDY_API_KEY", api_key),
                    ("JDY_BASE_URL", Secret::new(base_url.trim())),
                ];
                progress.jdy = Some(self.keys(Stage::Load, keys).await?);
                let why = words::text!("choose a form");
                progress.catalogue = self.answered::<Catalogue>(WishKind::Catalogue, why).await?;
                progress.forget_unreached_form();
                Ok(())
            }
            Step::Form { app_id, entry_id } => self.form(progress, app_id, entry_id).await,
            Step::KeyWidget { name } => self.key_widget(progress, &name).await,
            Step::Draft => self.draft(progress).await,
            Step::Mapping { document } => self.mapping(progress, document).await,
            Step::Rows { ignore } => {
                progress.ignore_keyless = ignore;
                Ok(())
            }
            Step::First => self.first(progress).await,
            Step::Everything => self.everything(progress).await,
            Step::Adopt { matched, write } => self.adopt(progress, matched, write).await,
            Step::Anew => {
                *progress = Progress::default();
                *self.tried = Tried::default();
                Ok(())
            }
        }
    }

    async fn program(&self, stage: Stage) -> Result<Program, Failure> {
        let all = programs(&self.workspace.rt).await?;
        let found = all.into_iter().find(|program| program.stage == stage.name());
        found.ok_or_else(|| Failure::nothing(stage.program()))
    }

    /// Has keys tried by the program of a stage: what the vendor has said.
    async fn keys<const N: usize>(
        &self,
        stage: Stage,
        keys: [(&'static str, Secret); N],
    ) -> Result<String, Failure> {
        if keys
            .iter()
            .any(|(name, value)| value.is_blank() && !name.ends_with("_BASE_URL"))
        {
            return Err(Failure::invalid("keys", words::kept!("fill in all of them")));
        }
        let program = self.program(stage).await?;
        let named = keys.into_iter().filter(|(_, value)| !value.is_blank());
        let named = named.map(|(name, value)| (name.to_owned(), value)).collect();
        let sealed = program.sealing_key()?.seal(&named);
        let sealed = sealed.map_err(|error| Failure::Refused(error.to_string()))?;
        let (wish, _) = self
            .asked(WishKind::Keys { stage, sealed }, words::text!("try keys"))
            .await?;
        Ok(wish.outcome)
    }

    pub(super) async fn asked(
        &self,
        kind: WishKind,
        why: &str,
    ) -> Result<(pipeline::wish::Wish, Option<String>), Failure> {
        // What is said for the audit log is read by others.
        let why = words::tr!("setup: {why}");
        asking::done(&self.workspace, kind, &why).await
    }

    pub(super) async fn answered<T: serde::de::DeserializeOwned>(
        &self,
        kind: WishKind,
        why: &str,
    ) -> Result<T, Failure> {
        let (_, answer) = self.asked(kind, why).await?;
        Ok(serde_json::from_str(&answer.unwrap_or_default())?)
    }

    pub(super) async fn fields(&mut self, progress: &mut Progress) -> Result<(), Failure> {
        let kind = WishKind::Fields {
            customers: FIRST as u32,
        };
        let (wish, answer) = self
            .asked(kind, words::text!("which fields customers have"))
            .await?;
        let dictionary: Dictionary = serde_json::from_str(&answer.unwrap_or_default())?;
        progress.fields = dictionary.fields;
        progress.customers_of = Some(wish.id);
        self.tried.customers = dictionary.customers;
        Ok(())
    }

    async fn form(
        &mut self,
        progress: &mut Progress,
        app_id: String,
        entry_id: String,
    ) -> Result<(), Failure> {
        let sheet = self.sheet(app_id, entry_id, None).await?;
        let is_same = progress
            .form
            .as_ref()
            .is_some_and(|form| form.entry_id == sheet.entry_id);
        // What was said of other rows, and begun with another form, says nothing of this one.
        let begun = match is_same {
            true => (progress.first.take(), progress.everything),
            false => (None, false),
        };
        *progress = Progress {
            form: Some(sheet),
            key_widget: None,
            trial_of: None,
            is_usable: false,
            ignore_keyless: false,
            first: begun.0,
            everything: begun.1,
            adoption: None,
            ..std::mem::take(progress)
        };
        if !is_same {
            progress.document = None;
            *self.tried = Tried {
                customers: std::mem::take(&mut self.tried.customers),
                ..Tried::default()
            };
        }
        Ok(())
    }

    async fn sheet(
        &self,
        app_id: String,
        entry_id: String,
        key_widget: Option<String>,
    ) -> Result<FormSheet, Failure> {
        let kind = WishKind::FormSheet {
            app_id,
            entry_id,
            key_widget,
        };
        self.answered(kind, words::text!("what the form is made of"))
            .await
    }

    /// Looks once more what is in the form: people work in it meanwhile.
    pub(super) async fn recount(&self, progress: &mut Progress) -> Result<(), Failure> {
        let form = chosen_form(progress)?;
        let key_widget = chosen_key(progress)?.to_owned();
        let (app_id, entry_id) = (form.app_id.clone(), form.entry_id.clone());
        progress.form = Some(self.sheet(app_id, entry_id, Some(key_widget)).await?);
        Ok(())
    }

    async fn key_widget(&mut self, progress: &mut Progress, name: &str) -> Result<(), Failure> {
        let form = chosen_form(progress)?;
        let widget = form.widgets.iter().find(|widget| widget.name == name);
        let widget = widget.or_else(|| form.widgets.iter().find(|widget| widget.label == name));
        let widget = widget
            .ok_or_else(|| Failure::invalid("key widget", words::kept!("the form has no widget {name}")))?;
        if let Some(why) = &widget.no_key {
            return Err(Failure::Refused(words::kept!(
                "widget {} cannot hold the key: {why}",
                widget.label
            )));
        }
        let name = widget.name.clone();
        let (app_id, entry_id) = (form.app_id.clone(), form.entry_id.clone());
        progress.form = Some(self.sheet(app_id, entry_id, Some(name.clone())).await?);
        progress.key_widget = Some(name);
        progress.ignore_keyless = false;
        progress.is_usable = false;
        match progress.document.clone() {
            Some(document) => self.mapping(progress, document).await,
            None => Ok(()),
        }
    }
}

pub(super) fn chosen_form(progress: &Progress) -> Result<&FormSheet, Failure> {
    let missing = || Failure::invalid("form", words::kept!("choose a form first"));
    progress.form.as_ref().ok_or_else(missing)
}

pub(super) fn chosen_key(progress: &Progress) -> Result<&str, Failure> {
    let missing = || Failure::invalid("key widget", words::kept!("choose a key widget first"));
    progress.key_widget.as_deref().ok_or_else(missing)
}
