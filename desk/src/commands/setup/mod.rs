//! `desk setup`: the steps of `/setup` on the terminal, or by a script.

mod near;
mod talk;

use self::talk::Talk;
use crate::{
    cli::SetupCommand,
    config::SetupKeys,
    setup::{
        Kept, Progress, SetUp, Step, Tried,
        programs::{Standing, returned},
    },
};
use anyhow::Context;
use pipeline::{
    config::CommonConfig,
    service::Runtime,
    setting::{Secret, SecretArg},
    stage::Stage,
};
use replay::workspace::Workspace;
use std::{
    io::{self, IsTerminal},
    path::Path,
};

/// Takes the steps that are still to be taken, in their order.
pub(crate) async fn run(command: SetupCommand) -> anyhow::Result<()> {
    let mut common = CommonConfig::try_from(command.common)?;
    // What is asked for is on record; between the lines below nobody wants to read of it.
    if common.log.filter == "info" {
        "warn".clone_into(&mut common.log.filter);
    }
    let rt = Runtime::tool("desk", &common)?;
    let data = &command.keys.data;
    std::fs::create_dir_all(data).with_context(|| data.display().to_string())?;
    let mut talk = Talk {
        asks: !command.non_interactive && io::stdin().is_terminal(),
        workspace: Workspace::new(rt.clone(), Stage::Extract),
        kept: Kept::new(data, &rt.namespace.to_string()),
        tried: Tried::default(),
    };
    if command.anew {
        talk.take(Step::Anew).await?;
    }
    talk.programs().await?;
    talk.keys(command.keys).await?;
    talk.form(command.app.as_deref(), command.form.as_deref()).await?;
    talk.key_widget(command.key_widget.as_deref()).await?;
    talk.mapping(command.mapping.as_deref()).await?;
    talk.begin(
        &command.matched,
        command.ignore_keyless,
        command.everything,
        command.yes,
    )
    .await
}

impl Talk {
    async fn take(&mut self, step: Step) -> anyhow::Result<Progress> {
        let mut set_up = SetUp {
            workspace: self.workspace.clone(),
            kept: &self.kept,
            tried: &mut self.tried,
        };
        set_up
            .take(step)
            .await
            .map_err(|failure| anyhow::anyhow!(failure.told()))
    }

    fn progress(&self) -> anyhow::Result<Progress> {
        Ok(self.kept.read()?)
    }

    async fn programs(&self) -> anyhow::Result<()> {
        for program in returned(&self.workspace.rt).await? {
            if matches!(program.standing, Standing::Absent | Standing::OnItsOwn) {
                words::bail!(
                    "no {0} runs that can be set up; start one: SETUP_DIR=FOLDER {0} run",
                    program.name
                );
            }
        }
        Ok(pipeline::say!(
            "✓ extractor, transformer and loader can be set up"
        )?)
    }

    async fn keys(&mut self, keys: SetupKeys) -> anyhow::Result<()> {
        let secret = SecretArg::new(
            "OKKI_CLIENT_SECRET",
            keys.okki_client_secret.as_ref(),
            keys.okki_client_secret_file.as_deref(),
        );
        if let Some(client_id) = keys.okki_client_id {
            self.take(Step::OkkiKeys {
                client_id,
                client_secret: secret.required()?,
                base_url: keys.okki_base_url.unwrap_or_default(),
            })
            .await?;
        }
        let key = SecretArg::new(
            "JDY_API_KEY",
            keys.jdy_api_key.as_ref(),
            keys.jdy_api_key_file.as_deref(),
        );
        if let Some(api_key) = key.optional()? {
            self.take(Step::JdyKey {
                api_key,
                base_url: keys.jdy_base_url.unwrap_or_default(),
            })
            .await?;
        }
        let mut progress = self.progress()?;
        if progress.okki.is_none() {
            let client_id = self.typed("OKKI_CLIENT_ID")?;
            let client_secret = Secret::new(self.typed("OKKI_CLIENT_SECRET")?);
            progress = self
                .take(Step::OkkiKeys {
                    client_id,
                    client_secret,
                    base_url: String::new(),
                })
                .await?;
        }
        if progress.jdy.is_none() {
            let api_key = Secret::new(self.typed("JDY_API_KEY")?);
            progress = self
                .take(Step::JdyKey {
                    api_key,
                    base_url: String::new(),
                })
                .await?;
        }
        for said in [&progress.okki, &progress.jdy].into_iter().flatten() {
            pipeline::say!("✓ {}", words::retold(said))?;
        }
        Ok(())
    }

    async fn form(&mut self, app: Option<&str>, form: Option<&str>) -> anyhow::Result<()> {
        let progress = self.progress()?;
        let is = |wanted: Option<&str>, name: &str, id: &str| wanted.is_none_or(|it| it == name || it == id);
        let mut found = Vec::new();
        for one in progress
            .catalogue
            .apps
            .iter()
            .filter(|one| is(app, &one.name, &one.id))
        {
            let forms = one.forms.iter().filter(|entry| is(form, &entry.name, &entry.id));
            found.extend(forms.map(|entry| (one, entry)));
        }
        if app.is_some() || form.is_some() || progress.form.is_none() {
            let names: Vec<String> = found
                .iter()
                .map(|(app, entry)| format!("{} › {} ({})", app.name, entry.name, entry.id))
                .collect();
            if names.is_empty() {
                return near::none_of_that_name(&progress.catalogue, app, form);
            }
            let at = self.one_of("--form", &names)?;
            let (app, entry) = found.get(at).context("--form")?;
            self.take(Step::Form {
                app_id: app.id.clone(),
                entry_id: entry.id.clone(),
            })
            .await?;
        }
        let (app, name) = self.progress()?.form_name().unwrap_or_default();
        Ok(pipeline::say!("✓ form {name} in app {app}")?)
    }

    async fn key_widget(&mut self, wanted: Option<&str>) -> anyhow::Result<()> {
        let progress = self.progress()?;
        let name = match (wanted, &progress.key_widget) {
            (Some(wanted), _) => wanted.to_owned(),
            (None, Some(_)) => return Ok(()),
            (None, None) => {
                let form = progress.form.context("--form")?;
                let free: Vec<_> = form
                    .widgets
                    .iter()
                    .filter(|widget| widget.no_key.is_none())
                    .collect();
                if free.is_empty() {
                    words::bail!(
                        "the form has no free text widget; add a single-line text to it, for example OKKI ID, without default value"
                    );
                }
                let labels: Vec<String> = free.iter().map(|widget| widget.label.clone()).collect();
                let at = self.one_of("--key-widget", &labels)?;
                free.get(at).context("--key-widget")?.name.clone()
            }
        };
        self.take(Step::KeyWidget { name: name.clone() }).await?;
        Ok(pipeline::say!("✓ key widget {name}")?)
    }

    async fn mapping(&mut self, file: Option<&Path>) -> anyhow::Result<()> {
        let progress = self.progress()?;
        let progress = match file {
            Some(file) => {
                let document = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
                self.take(Step::Mapping { document }).await?
            }
            None if progress.is_usable => progress,
            None => self.take(Step::Draft).await?,
        };
        for widget in &self.tried.report {
            let field = widget.outcome.as_ref().map_or("–", |found| found.field.as_str());
            pipeline::say!("  {} ← {field} ({})", widget.label, widget.reason())?;
        }
        let trials = self.tried.trial.clone().unwrap_or_default();
        let trial = trials.spoken();
        if !progress.is_usable {
            words::bail!("the mapping cannot be used:\n  {}", trial.problems.join("\n  "));
        }
        Ok(match progress.fills {
            Some(fills) => pipeline::say!("✓ the mapping fills {fills} widgets"),
            None => pipeline::say!("✓ the mapping is the one that was tried before"),
        }?)
    }

    async fn begin(
        &mut self,
        matched: &[String],
        ignore_keyless: bool,
        everything: bool,
        yes: bool,
    ) -> anyhow::Result<()> {
        let progress = self
            .take(Step::Rows {
                ignore: ignore_keyless,
            })
            .await?;
        let keyless = progress.keyless();
        if keyless > 0 && !ignore_keyless {
            if matched.is_empty() {
                words::bail!(
                    "the form has rows without a key, at least {keyless}; match them with customers: --match CAPTION; or, if none \
                     of them is a customer's: --ignore-keyless"
                );
            }
            if !progress.everything {
                self.take(Step::Everything).await?;
                return Ok(pipeline::say!(
                    "✓ all customers are on their way to the loader, which makes no row yet; next, when they are there: the same \
                     command once more, with --yes to write the keys"
                )?);
            }
            let step = Step::Adopt {
                matched: matched.to_vec(),
                write: yes,
            };
            let progress = self.take(step).await?;
            return self.wait(progress.adoption.as_deref()).await;
        }
        // What was begun goes on: nobody wants 20 customers of a form that gets all of them.
        if everything || progress.everything {
            self.take(Step::Everything).await?;
            return Ok(pipeline::say!(
                "✓ the programs have their settings and begin to write all customers; next: `extractor status` shows how far they are"
            )?);
        }
        let progress = self.take(Step::First).await?;
        self.wait(progress.first.as_deref()).await?;
        Ok(pipeline::say!(
            "look at these rows in the form; next: the same command with --everything"
        )?)
    }
}
