//! What the desk's setup wants of the transformer: try a mapping with customers of the account, write the settings.

use super::mapping::trial;
use crate::map::Mapping;
use pipeline::{
    service::Runtime,
    setup::{self, Dictionary, Names, Setup, Trials, Widget},
    stage::Stage,
    wish::{Servant, Served, Taken, WishKind, Wishes},
};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};

/// What may come this way.
const NAMES: Names = Names {
    keys: &[],
    address: "",
    choices: &[],
    documents: &["MAPPING", "MAPPING_EXTRAS"],
};

/// What a process knows that can be set up.
pub(super) struct SetUp {
    setup: Setup,
    wishes: Wishes,
    /// The mapping in use, unless the process waits for one.
    mapping: Option<Arc<Mapping>>,
}

impl SetUp {
    /// The wishes that it serves.
    pub(super) const LANES: [&str; 2] = [WishKind::settings(Stage::Transform), "try-mapping"];

    pub(super) fn new(setup: &Setup, rt: &Runtime, mapping: Option<Arc<Mapping>>) -> Self {
        Self {
            mapping,
            setup: setup.clone(),
            wishes: Wishes::of(rt),
        }
    }

    /// The customers that another wish was answered with.
    async fn customers(&self, wish: Option<&str>) -> Result<Vec<Value>, String> {
        let Some(wish) = wish else { return Ok(Vec::new()) };
        let answer = self
            .wishes
            .answer(wish)
            .await
            .map_err(|error| error.to_string())?;
        let answer =
            answer.ok_or_else(|| words::kept!("the customers of {wish} are gone; ask for them again"))?;
        let dictionary: Dictionary = serde_json::from_str(&answer).map_err(|error| error.to_string())?;
        Ok(dictionary.customers)
    }

    async fn try_mapping(
        &self,
        documents: &BTreeMap<String, String>,
        widgets: &[Widget],
        customers_of: Option<&str>,
    ) -> Served {
        let customers = match self.customers(customers_of).await {
            Ok(customers) => customers,
            Err(problem) => return Served::failed(problem),
        };
        let text = |name: &str| documents.get(name).map(String::as_str);
        let tried = match (text("MAPPING"), &self.mapping) {
            (Some(document), _) => {
                Trials::of(|| trial::of(document, text("MAPPING_EXTRAS"), widgets, &customers))
            }
            (None, Some(mapping)) => Trials::of(|| trial::of_mapping(mapping, widgets, &customers)),
            (None, None) => return Served::failed(words::kept!("there is no mapping to try")),
        };
        let told = match tried.english.problems.len() {
            0 => words::kept!("the mapping can be used"),
            wrong => words::kept!("the mapping cannot be used: {wrong} problems"),
        };
        setup::answer(told, &tried)
    }
}

impl Servant for SetUp {
    async fn serve(&self, taken: &Taken) -> Served {
        match &taken.wish.kind {
            WishKind::Settings {
                settings, documents, ..
            } => setup::settle(self.setup.folder(), settings, documents, NAMES, |_, documents| {
                usable(documents)
            }),
            WishKind::TryMapping {
                documents,
                widgets,
                customers_of,
            } => {
                self.try_mapping(documents, widgets, customers_of.as_deref())
                    .await
            }
            _ => Served::PutBack,
        }
    }
}

/// Whether a transformer can begin with these documents.
fn usable(documents: &BTreeMap<String, String>) -> Result<(), String> {
    let text = |name: &str| documents.get(name).map(String::as_str);
    let mapping = text("MAPPING").ok_or_else(|| words::kept!("there is no mapping to try"))?;
    let loaded = Mapping::load_named(mapping, "MAPPING", text("MAPPING_EXTRAS"), "MAPPING_EXTRAS");
    loaded.map(drop).map_err(|problems| {
        let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
        told.join("; ")
    })
}
