//! What the desk's setup wants of the extractor: try OKKI's keys, say which fields customers have, write the settings. It is done
//! while the process waits for its settings, and while it works.

use super::{
    brief::{self, Place},
    check,
};
use crate::{
    config::{BASE_URL, OkkiArgs},
    okki::Client,
    settings::OkkiConfig,
};
use pipeline::{
    http::HttpConfig,
    quota::Lane,
    service::Runtime,
    setting::Secret,
    setup::{self, Dictionary, Names, Settings, Setup},
    stage::Stage,
    wish::{Servant, Served, Taken, WishKind},
};

/// What may come this way.
const NAMES: Names = Names {
    keys: &["OKKI_CLIENT_ID", "OKKI_CLIENT_SECRET"],
    address: ADDRESS,
    choices: &["LISTING", "OKKI_GROUP_ID", "OKKI_RATE", "REMOVALS", "START"],
    documents: &[],
};
const ADDRESS: &str = "OKKI_BASE_URL";

/// What a process knows that can be set up.
#[derive(Clone)]
pub(crate) struct SetUp {
    setup: Setup,
    okki: OkkiArgs,
    http: HttpConfig,
}

impl SetUp {
    /// The wishes that it serves.
    pub(crate) const LANES: [&str; 4] = [
        WishKind::keys(Stage::Extract),
        WishKind::settings(Stage::Extract),
        "fields",
        "customer",
    ];

    pub(crate) fn new(setup: &Setup, okki: &OkkiArgs, http: &HttpConfig) -> Self {
        Self {
            setup: setup.clone(),
            okki: okki.clone(),
            http: http.clone(),
        }
    }

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
                setup::keep_keys(folder, sealed, NAMES, async |keys| self.try_keys(keys).await).await
            }
            WishKind::Settings {
                settings, documents, ..
            } => setup::settle(folder, settings, documents, NAMES, |merged, _| {
                let okki = OkkiConfig::try_from(with(&self.set_up.okki, merged));
                okki.map(drop).map_err(|problem| problem.to_string())
            }),
            WishKind::Fields { customers } => self.fields(*customers as usize).await,
            WishKind::Customer { id } => self.customer(id).await,
            _ => Served::PutBack,
        }
    }
}

impl Desired {
    async fn try_keys(&self, keys: &Settings) -> Result<(String, Settings), String> {
        let mut keys = keys.clone();
        let given = &self.set_up.okki.okki_base_url;
        let address = setup::address(self.set_up.setup.folder(), &keys, NAMES, given, BASE_URL);
        keys.insert(ADDRESS.to_owned(), address);
        let okki = OkkiConfig::try_from(with(&self.set_up.okki, &keys)).map_err(|error| error.to_string())?;
        let place = Some(Place::of(&self.rt));
        let steps = check::try_okki(&okki, &self.set_up.http, place)
            .await
            .map_err(|error| format!("{error:#}"))?;
        match steps.iter().find(|step| !step.ok) {
            Some(failed) => Err(format!("{}; {}", failed.detail, failed.remedy)),
            None => {
                let seen = steps.iter().find(|step| step.name == "permission");
                let seen = seen.map_or("", |step| step.detail.as_str());
                Ok((words::kept!("OKKI has accepted the keys: {seen}"), keys))
            }
        }
    }

    /// With the keys that were tried last, else those of the settings.
    async fn client(&self) -> Result<Client, String> {
        let drafted = match self.set_up.setup.folder().map(setup::SetupFolder::draft) {
            None => Settings::new(),
            Some(draft) => draft.map_err(|problem| problem.to_string())?,
        };
        let okki = OkkiConfig::try_from(with(&self.set_up.okki, &drafted));
        let okki = okki.map_err(|problem| problem.to_string())?;
        let client = brief::client(&okki, &self.set_up.http, Some(Place::of(&self.rt))).await;
        client.map_err(|problem| format!("{problem:#}"))
    }

    async fn customer(&self, id: &str) -> Served {
        let client = match self.client().await {
            Ok(client) => client,
            Err(problem) => return Served::failed(problem),
        };
        match client.detail(Lane::Live, id).await {
            // Half of a character costs that character, as in the transformer.
            Ok(detail) => {
                match serde_json::from_slice(&mapping::surrogate::repaired(detail.json.get().as_bytes()).0) {
                    Ok(customer) => {
                        let dictionary = Dictionary {
                            customers: vec![customer],
                            ..Dictionary::default()
                        };
                        setup::answer(words::kept!("OKKI shows customer {id}"), &dictionary)
                    }
                    Err(problem) => Served::failed(problem.to_string()),
                }
            }
            Err(problem) => Served::failed(crate::okki::chain(&problem)),
        }
    }

    async fn fields(&self, customers: usize) -> Served {
        let read = match self.client().await {
            Ok(client) => crate::dictionary::dictionary(&client, customers).await,
            Err(problem) => return Served::failed(problem),
        };
        match read {
            Ok(dictionary) => setup::answer(
                words::kept!(
                    "{} fields, {} customers to try",
                    dictionary.fields.len(),
                    dictionary.customers.len()
                ),
                &dictionary,
            ),
            Err(problem) => Served::failed(crate::okki::chain(&problem)),
        }
    }
}

/// The settings with other keys.
fn with(okki: &OkkiArgs, keys: &Settings) -> OkkiArgs {
    let text = |name: &str| keys.get(name).map(|value| value.expose().to_owned());
    let mut okki = okki.clone();
    if let Some(id) = text("OKKI_CLIENT_ID") {
        okki.okki_client_id = Some(id);
    }
    if let Some(secret) = text("OKKI_CLIENT_SECRET") {
        okki.okki_client_secret = Some(Secret::new(secret));
        okki.okki_client_secret_file = None;
    }
    if let Some(base) = text("OKKI_BASE_URL").filter(|base| !base.is_empty()) {
        okki.okki_base_url = base;
    }
    okki
}
