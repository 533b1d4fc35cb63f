//! What the desk's setup wants of the loader: try Jiandaoyun's key, show apps, forms and widgets, write the settings, adopt rows. It is
//! done while the process waits for its settings, and while it works, whatever pauses it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use pipeline::cause::chain;
use pipeline::http::HttpConfig;
use pipeline::service::Runtime;
use pipeline::setting::Secret;
use pipeline::setup::{self, Names, Settings, Setup};
use pipeline::stage::Stage;
use pipeline::wish::{Servant, Served, Taken, WishKind};

use crate::catalogue;
use crate::config::{BASE_URL, CompanyArgs, LimitArgs};
use crate::document::Document;
use crate::jdy::client::FormId;
use crate::jdy::company::Company;
use crate::parts;
use crate::settings::CompanyConfig;

/// What may come this way.
const NAMES: Names = Names {
    keys: &["JDY_API_KEY"],
    address: ADDRESS,
    choices: &[
        "IGNORE_KEYLESS",
        "JDY_APP_ID",
        "JDY_ENTRY_ID",
        "JDY_KEY_WIDGET",
        "ON_REMOVAL",
    ],
    documents: &["MAPPING"],
};
const ADDRESS: &str = "JDY_BASE_URL";

/// What a process knows that can be set up.
#[derive(Clone)]
pub(crate) struct SetUp {
    setup: Setup,
    company: CompanyArgs,
    limits: LimitArgs,
    http: HttpConfig,
}

impl SetUp {
    /// The wishes that it serves before it has settings.
    pub(crate) const LANES: [&str; 4] = [
        WishKind::keys(Stage::Load),
        WishKind::settings(Stage::Load),
        "catalogue",
        "form-sheet",
    ];

    pub(crate) fn new(setup: &Setup, company: &CompanyArgs, limits: &LimitArgs, http: &HttpConfig) -> Self {
        Self {
            setup: setup.clone(),
            company: company.clone(),
            limits: limits.clone(),
            http: http.clone(),
        }
    }

    /// Serves them while the process waits.
    pub(crate) fn servant(&self, rt: &Runtime) -> impl Servant + use<> {
        Desired {
            set_up: self.clone(),
            rt: rt.clone(),
        }
    }
}

struct Desired {
    set_up: SetUp,
    rt: Runtime,
}

impl Servant for Desired {
    async fn serve(&self, taken: &Taken) -> Served {
        let folder = self.set_up.setup.folder();
        match &taken.wish.kind {
            WishKind::Keys { sealed, .. } => {
                setup::keep_keys(folder, sealed, NAMES, async |keys| self.try_key(keys).await).await
            }
            WishKind::Settings {
                settings, documents, ..
            } => setup::settle(folder, settings, documents, NAMES, |merged, documents| {
                self.usable(merged, documents)
            }),
            WishKind::Catalogue => self.catalogue().await.unwrap_or_else(Served::failed),
            WishKind::FormSheet {
                app_id,
                entry_id,
                key_widget,
            } => {
                let form = FormId {
                    app_id: app_id.clone(),
                    entry_id: entry_id.clone(),
                };
                let sheet = self.sheet(form, key_widget.as_deref()).await;
                sheet.unwrap_or_else(Served::failed)
            }
            _ => Served::PutBack,
        }
    }
}

impl Desired {
    /// The company of the key that was tried last, else of the settings.
    fn company(&self, keys: &Settings) -> Result<Arc<Company>, String> {
        let (args, limits) = (with(&self.set_up.company, keys), &self.set_up.limits);
        let config = CompanyConfig::new(&args, limits, Duration::ZERO).map_err(|error| error.to_string())?;
        let quota = self.rt.quota(&config.vendor_account);
        parts::company(quota, &config, &self.set_up.http).map_err(|error| format!("{error:#}"))
    }

    fn drafted(&self) -> Result<Settings, String> {
        match self.set_up.setup.folder() {
            Some(folder) => folder.draft().map_err(|error| error.to_string()),
            None => Ok(Settings::new()),
        }
    }

    /// Whether a loader can begin with these settings.
    fn usable(&self, merged: &Settings, documents: &BTreeMap<String, String>) -> Result<(), String> {
        let args = with(&self.set_up.company, merged);
        CompanyConfig::new(&args, &self.set_up.limits, Duration::ZERO).map_err(|error| error.to_string())?;
        for name in ["JDY_APP_ID", "JDY_ENTRY_ID"] {
            if merged.get(name).is_none_or(Secret::is_blank) {
                return Err(words::kept!("{name} is missing"));
            }
        }
        match documents.get("MAPPING") {
            Some(document) => Document::parse(document, "MAPPING")
                .map(drop)
                .map_err(|problem| problem.to_string()),
            None => Ok(()),
        }
    }

    async fn try_key(&self, keys: &Settings) -> Result<(String, Settings), String> {
        let mut keys = keys.clone();
        let given = &self.set_up.company.jdy_base_url;
        let address = setup::address(self.set_up.setup.folder(), &keys, NAMES, given, BASE_URL);
        keys.insert(ADDRESS.to_owned(), address);
        let company = self.company(&keys)?;
        let found = catalogue::catalogue(&company)
            .await
            .map_err(|error| chain(&error))?;
        let forms: usize = found.apps.iter().map(|app| app.forms.len()).sum();
        let said = words::kept!(
            "Jiandaoyun has accepted the key: {} apps, {forms} forms",
            found.apps.len()
        );
        Ok((said, keys))
    }

    async fn catalogue(&self) -> Result<Served, String> {
        let company = self.company(&self.drafted()?)?;
        let found = catalogue::catalogue(&company)
            .await
            .map_err(|error| chain(&error))?;
        let told = words::kept!("{} apps", found.apps.len());
        Ok(setup::answer(told, &found))
    }

    async fn sheet(&self, form: FormId, key_widget: Option<&str>) -> Result<Served, String> {
        let company = self.company(&self.drafted()?)?;
        let sheet = catalogue::sheet(&company, form, key_widget)
            .await
            .map_err(|error| chain(&error))?;
        let told = words::kept!("{} widgets", sheet.widgets.len());
        Ok(setup::answer(told, &sheet))
    }
}

/// The settings with another key.
fn with(company: &CompanyArgs, keys: &Settings) -> CompanyArgs {
    let mut company = company.clone();
    if let Some(key) = keys.get("JDY_API_KEY") {
        company.jdy_api_key = Some(Secret::new(key.expose()));
        company.jdy_api_key_file = None;
    }
    if let Some(base) = keys.get("JDY_BASE_URL").filter(|base| !base.is_blank()) {
        company.jdy_base_url = base.expose().to_owned();
    }
    company
}
