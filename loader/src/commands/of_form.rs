//! What the desk wants of the form: rows without a key are matched with the customers that wait, and single rows are shown.

use pipeline::setup::{self, RowSheet};
use pipeline::wish::{Servant, Served, Taken, WishKind};
use serde_json::Value;

use crate::adoption::{self, Asked, Report};
use crate::jdy::types::Reply;
use crate::write::Writer;

/// Serves them with the loader's own parts.
pub(crate) struct OfForm(pub(crate) Writer);

impl OfForm {
    /// The wishes that it serves.
    pub(crate) const LANES: [&str; 2] = ["adopt", "row"];

    /// The oldest row of a customer, which is the one that is kept.
    async fn row(&self, company_id: &str) -> Result<Served, String> {
        let recognition = self.0.index.recognition();
        let recognition = recognition
            .ok_or_else(|| words::kept!("JDY_KEY_WIDGET is not set, so rows cannot be told apart"))?;
        let rows = match self
            .0
            .vendor
            .client
            .whole_rows_of(&recognition, &[company_id])
            .await
        {
            Reply::Ok(Some(rows)) => rows,
            Reply::Ok(None) => return Err(words::kept!("the form cannot be asked for one customer's row")),
            Reply::Refused(refusal) => {
                return Err(words::kept!("Jiandaoyun answers {}", refusal.describe()));
            }
            _ => return Err(words::kept!("Jiandaoyun does not answer")),
        };
        let others = rows.len().saturating_sub(1);
        let sheet = rows
            .into_iter()
            .next()
            .map_or_else(RowSheet::default, |row| RowSheet {
                row_id: row.get("_id").map(shown),
                cells: row
                    .iter()
                    .map(|(name, cell)| (name.clone(), shown(cell)))
                    .collect(),
                others,
            });
        let told = match &sheet.row_id {
            Some(row) => words::kept!("row {row}"),
            None => words::kept!("the form has no row of customer {company_id}"),
        };
        Ok(setup::answer(told, &sheet))
    }

    async fn adopt(&self, taken: &Taken, widgets: &[String], write: bool) -> Result<Served, String> {
        self.0
            .form
            .read()
            .await
            .ok_or_else(|| words::kept!("the form cannot be read now"))?
            .map_err(|misfit| misfit.to_string())?;
        let asked = Asked {
            widgets: widgets.to_vec(),
            reveal: false,
        };
        let tell = |progress: String| taken.tell(progress);
        let done = adoption::adopt(&self.0, &asked, &tell, |_| Ok(write)).await;
        let done = done.map_err(|error| format!("{error:#}"))?;
        let (report, told) = match &done.written {
            Some(report) => (
                report,
                words::kept!("{} rows have got their keys", report.written),
            ),
            None => (&done.preview, preview(&done.preview)),
        };
        Ok(setup::answer(told, report))
    }
}

/// A cell as a person reads it.
fn shown(cell: &Value) -> String {
    match cell {
        Value::Null => String::new(),
        Value::String(text) => text.replace('\n', "⏎"),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        // Members, departments, files and the like are shown by their names.
        Value::Object(members) => match members.get("name").or_else(|| members.get("phone")) {
            Some(Value::String(name)) => name.clone(),
            _ => cell.to_string(),
        },
        other => other.to_string(),
    }
}

fn preview(report: &Report) -> String {
    words::kept!(
        "{} customers wait; {} rows fit exactly one of them, {} are known, {} fit several, {} fit none",
        report.waiting,
        report.exact.count,
        report.known.count,
        report.ambiguous.count,
        report.none.count
    )
}

impl Servant for OfForm {
    async fn serve(&self, taken: &Taken) -> Served {
        match &taken.wish.kind {
            WishKind::Adopt { matched, write } => self
                .adopt(taken, matched, *write)
                .await
                .unwrap_or_else(Served::failed),
            WishKind::Row { company_id } => self.row(company_id).await.unwrap_or_else(Served::failed),
            _ => Served::PutBack,
        }
    }
}
