//! From settings to rows: the first customers, everything, rows that others have made.

use super::{Progress, SetUp, files::settings};
use crate::{asking, server::Failure};
use pipeline::{
    stage::Stage,
    wish::{Ask, WishKind},
};
use replay::decide;
use serde_json::Value;

impl SetUp<'_> {
    /// Hands each program its settings; with `lists` the extractor lists by itself.
    async fn settle(&self, progress: &Progress, lists: bool) -> Result<(), Failure> {
        if !progress.is_usable {
            return Err(Failure::invalid(
                "mapping",
                words::kept!("there is no mapping that can be used"),
            ));
        }
        for stage in [Stage::Transform, Stage::Load, Stage::Extract] {
            let (chosen, documents) = settings(progress, stage, lists)?;
            let kind = WishKind::Settings {
                stage,
                settings: chosen,
                documents,
            };
            self.asked(kind, words::text!("write the settings")).await?;
        }
        Ok(())
    }

    pub(super) async fn first(&mut self, progress: &mut Progress) -> Result<(), Failure> {
        self.recount(progress).await?;
        if progress.keyless() > 0 && !progress.ignore_keyless {
            return Err(Failure::invalid(
                "rows",
                words::kept!(
                    "rows without a key are matched with all customers at once; go on with everything"
                ),
            ));
        }
        if self.tried.customers.is_empty() {
            self.fields(progress).await?;
        }
        let ids: Vec<String> = self.tried.customers.iter().filter_map(company_id).collect();
        // A pipeline that lists goes on: without listing, changes would be missing from the form.
        self.settle(progress, progress.everything).await?;
        if ids.is_empty() {
            return Err(Failure::Refused(words::kept!(
                "OKKI has shown no customer; go on with everything"
            )));
        }
        let why = words::tr!("setup: the first customers");
        progress.first = Some(self.wished(WishKind::Customers { ids }, why).await?);
        Ok(())
    }

    pub(super) async fn everything(&mut self, progress: &mut Progress) -> Result<(), Failure> {
        self.recount(progress).await?;
        self.settle(progress, true).await?;
        progress.everything = true;
        Ok(())
    }

    /// Asks for something that takes its time, and says the wish's id.
    async fn wished(&self, kind: WishKind, why: String) -> Result<String, Failure> {
        let workspace = asking::of(&self.workspace, &kind);
        let ask = Ask::new(kind, &workspace.operator, why);
        Ok(decide::ask(&workspace, ask).await?.wish.id)
    }

    pub(super) async fn adopt(
        &mut self,
        progress: &mut Progress,
        matched: Vec<String>,
        write: bool,
    ) -> Result<(), Failure> {
        if !progress.everything {
            return Err(Failure::invalid(
                "rows",
                words::kept!(
                    "rows are matched with the customers that wait for the loader; write all customers first"
                ),
            ));
        }
        let kind = WishKind::Adopt { matched, write };
        let why = words::tr!("setup: rows without a key");
        progress.adoption = Some(self.wished(kind, why).await?);
        Ok(())
    }
}

fn company_id(customer: &Value) -> Option<String> {
    match &customer["company_id"] {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}
