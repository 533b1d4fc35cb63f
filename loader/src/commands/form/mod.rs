//! `loader form`: the apps and forms of the company, or one form: what a pipeline needs to be told, found without any id.
//!
//! Needs the company's key, and Redis for the quota. `print` says what was found, and what to type next.

mod print;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use pipeline::config::SharedConfig;
use pipeline::http::HttpConfig;
use pipeline::quota::Quota;
use pipeline::setting::ConfigError;
use pipeline::setup::Catalogue;
use pipeline::store::Store;

use crate::catalogue::names::{self, Unnamed};
use crate::catalogue::{Error, catalogue, sheet};
use crate::cli::FormCommandArgs;
use crate::config::SetFormArgs;
use crate::jdy::client::FormId;
use crate::jdy::company::Company;
use crate::parts;
use crate::settings::CompanyConfig;
use print::Named;

/// Every call takes a slot of the shared quota, which is kept in Redis.
const REDIS_PATIENCE: Duration = Duration::from_secs(5);

/// What is looked for.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    app: Option<String>,
    form: Option<String>,
    key_widget: Option<String>,
}

pub(crate) async fn form(args: FormCommandArgs) -> anyhow::Result<()> {
    let json = args.json;
    let wanted = Wanted::new((args.app, args.form, args.key_widget), args.set, args.all);
    pipeline::settings! {
        config = CompanyConfig::new(&args.company, &args.limits, Duration::ZERO);
        shared = SharedConfig::try_from(args.shared);
        http = HttpConfig::try_from(args.http);
    }
    let store = Store::connect(&shared.redis)?;
    tokio::time::timeout(REDIS_PATIENCE, store.probe(&shared.accounts, true))
        .await
        .with_context(|| words::tr!("Redis gives no answer within {REDIS_PATIENCE:?}; check REDIS_URL"))?
        .with_context(|| words::tr!("ask Redis; check REDIS_URL, and whether Redis is up"))?;
    let quota = Quota::new(store, &shared.accounts, &config.vendor_account, &shared.namespace);
    let company = parts::company(quota, &config, &http)?;
    match &wanted.form {
        None => all(&company, &wanted, json).await,
        Some(form) => one(&company, &wanted, form, json).await,
    }
}

impl Wanted {
    /// The form that is set counts when none is named: half of it would be another form.
    fn new(named: (Option<String>, Option<String>, Option<String>), set: SetFormArgs, all: bool) -> Self {
        let given = |text: Option<String>| {
            let text = text.map(|text| text.trim().to_owned());
            text.filter(|text| !text.is_empty())
        };
        let (app, form, key_widget) = (given(named.0), given(named.1), given(named.2));
        let set_form = given(set.jdy_entry_id);
        if all || app.is_some() || form.is_some() || set_form.is_none() {
            return Self {
                app,
                form,
                key_widget,
            };
        }
        Self {
            app: given(set.jdy_app_id),
            form: set_form,
            key_widget: key_widget.or(given(set.jdy_key_widget)),
        }
    }
}

/// All apps with their forms, or one app.
async fn all(company: &Company, wanted: &Wanted, json: bool) -> anyhow::Result<()> {
    if wanted.key_widget.is_some() {
        return Err(ConfigError::new(
            "--key-widget",
            words::tr!("belongs to a form"),
            words::tr!("name the form with --form"),
        )
        .into());
    }
    let mut found = catalogue(company).await?;
    if let Some(asked) = &wanted.app {
        let app = names::app(&found, asked).map_err(unnamed)?.clone();
        found = Catalogue { apps: vec![app] };
    }
    match json {
        true => pipeline::say!("{}", serde_json::to_string(&found)?)?,
        false => print::catalogue(&found)?,
    }
    Ok(())
}

/// One form.
async fn one(company: &Arc<Company>, wanted: &Wanted, form: &str, json: bool) -> anyhow::Result<()> {
    let (id, named) = resolve(company, wanted.app.as_deref(), form).await?;
    let key_widget = wanted.key_widget.as_deref();
    let found = match sheet(company, id, key_widget).await {
        Ok(found) => found,
        Err(Error::Widget(error)) => return Err(unnamed(error).into()),
        Err(error) => return Err(error.into()),
    };
    match json {
        true => pipeline::say!("{}", serde_json::to_string(&found)?)?,
        false => {
            let key_widget = key_widget.and_then(|asked| names::widget(&found.widgets, asked).ok());
            print::sheet(&found, named.as_ref(), key_widget)?;
        }
    }
    Ok(())
}

/// Two ids need no list, which the key may not be allowed to read.
async fn resolve(
    company: &Company,
    app: Option<&str>,
    form: &str,
) -> anyhow::Result<(FormId, Option<Named>)> {
    if let Some(app) = app
        && names::is_id(app)
        && names::is_id(form)
    {
        let id = FormId {
            app_id: app.to_owned(),
            entry_id: form.to_owned(),
        };
        return Ok((id, None));
    }
    let found = catalogue(company).await?;
    let (app, form) = names::form(&found, app, form).map_err(unnamed)?;
    let id = FormId {
        app_id: app.id.clone(),
        entry_id: form.id.clone(),
    };
    let named = Named {
        app: app.name.clone(),
        form: form.name.clone(),
    };
    Ok((id, Some(named)))
}

/// What was typed is wrong.
fn unnamed(error: Unnamed) -> ConfigError {
    ConfigError::message(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(named: [&str; 3], set: [&str; 3], all: bool) -> [String; 3] {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let set = SetFormArgs {
            jdy_app_id: given(set[0]),
            jdy_entry_id: given(set[1]),
            jdy_key_widget: given(set[2]),
        };
        let named = (given(named[0]), given(named[1]), given(named[2]));
        let Wanted {
            app,
            form,
            key_widget,
        } = Wanted::new(named, set, all);
        [app, form, key_widget].map(Option::unwrap_or_default)
    }

    #[test]
    fn the_form_that_is_set_is_shown_when_no_other_one_is_named() {
        let set = ["a", "e", "_k"];
        assert_eq!(wanted(["", "", ""], set, false), ["a", "e", "_k"]);
        assert_eq!(wanted(["", "", "ID"], set, false), ["a", "e", "ID"]);
        assert_eq!(wanted(["", "客户", ""], set, false), ["", "客户", ""]);
        assert_eq!(wanted(["CRM", "", ""], set, false), ["CRM", "", ""]);
        assert_eq!(wanted(["", "", ""], set, true), ["", "", ""]);
        assert_eq!(wanted(["", "", ""], ["a", " ", "_k"], false), ["", "", ""]);
    }
}
