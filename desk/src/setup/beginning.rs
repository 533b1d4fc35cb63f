//! From settings to rows: the first customers, everything, rows that others have made.

use super::{Progress, SetUp, files::settings};
use crate::server::Failure;
use pipeline::{stage::Stage, wish::WishKind};
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
        self.settle(progress, false).await?;
        if ids.is_empty() {
            return Err(Failure::Refused(words::kept!(
                "OKKI has shown no customer; go on with everything"
            )));
        }
        let why = words::tr!("setup: the first customers");
        let ask = pipeline::wish::Ask::new(WishKind::Customers { ids }, &self.workspace.operator, why);
        progress.first = Some(replay::decide::ask(&self.workspace, ask).await?.wish.id);
        Ok(())
    }

    pub(super) async fn everything(&mut self, progress: &mut Progress) -> Result<(), Failure> {
        self.settle(progress, true).await?;
        progress.everything = true;
        Ok(())
    }

    pub(super) async fn adopt(
        &mut self,
        progress: &mut Progress,
        matched: Vec<String>,
        write: bool,
    ) -> Result<(), Failure> {
        let kind = WishKind::Adopt { matched, write };
        let why = words::tr!("setup: rows without a key");
        let ask = pipeline::wish::Ask::new(kind, &self.workspace.operator, why);
        progress.adoption = Some(replay::decide::ask(&self.workspace, ask).await?.wish.id);
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
