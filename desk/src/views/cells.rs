//! A customer beside its row: what OKKI shows, what the mapping makes of it, what is in the form; and the mapping by itself.

use crate::{
    asking,
    auth::Role,
    server::{App, Ask, Failure},
};
use pipeline::{
    form::FormReading,
    mask::mask_text,
    setup::{MappingReading, RowSheet, Trial, Trials, Widget},
    stage::Stage,
    wish::WishKind,
};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A customer beside its row.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CustomerCells)]
pub(crate) struct View {
    /// Its id.
    pub(crate) company_id: String,
    /// Why it would not be written at all.
    pub(crate) filtered: Option<String>,
    /// Its row; `None`: the form has none.
    pub(crate) row_id: Option<String>,
    /// More rows of the same customer.
    pub(crate) others: usize,
    /// The widgets that the mapping fills.
    pub(crate) cells: Vec<Cell>,
    /// What would be lost.
    pub(crate) warnings: Vec<String>,
}

/// One widget.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CustomerCell)]
pub(crate) struct Cell {
    /// Its caption.
    pub(crate) label: String,
    /// The formula in words.
    pub(crate) words: Vec<String>,
    /// The formula.
    pub(crate) expression: String,
    /// What OKKI shows of what it reads.
    pub(crate) read: Vec<String>,
    /// What would be written now.
    pub(crate) sent: String,
    /// Why nothing can be written.
    pub(crate) error: Option<String>,
    /// What is in the form; `None`: there is no row.
    pub(crate) form: Option<String>,
}

impl Cell {
    /// The form shows something else than what would be written.
    pub(crate) fn differs(&self) -> bool {
        let alike = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        self.form
            .as_ref()
            .is_some_and(|form| alike(form) != alike(&self.sent))
    }
}

/// The mapping in use.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Mapping {
    /// What it fills, what may not be meant, and one customer, if one was named.
    #[schema(value_type = Object)]
    pub(crate) trial: Trial,
    /// Widgets of the form, as the loader has read them last.
    #[schema(value_type = Vec<Object>)]
    pub(crate) widgets: Vec<Widget>,
}

/// Asks extractor, transformer and loader. The vendors are called once each.
///
/// # Errors
/// When the person may not, or one of the programs or its vendor does not answer.
pub(crate) async fn of_customer(app: &App, ask: &Ask, id: &str) -> Result<View, Failure> {
    ask.allow(Role::Operator)?;
    let why = words::text!("compare a customer with its row");
    let load = app.workspace(Stage::Load, &ask.principal.name);
    let row = WishKind::Row {
        company_id: id.to_owned(),
    };
    let (trial, row) = tokio::try_join!(tried(app, ask, id, Vec::new()), async {
        Ok::<_, Failure>(asking::done_by_running(&load, row, why).await?.1)
    })?;
    let row: RowSheet = serde_json::from_str(&row.unwrap_or_default())?;
    Ok(shown(id, trial, &row))
}

/// The mapping in use, as a transformer has told it last: nobody is asked, and nothing is written.
///
/// # Errors
/// When the person may not, Redis does not answer, or no transformer has told anything yet.
pub(crate) async fn mapping(app: &App, ask: &Ask) -> Result<Mapping, Failure> {
    ask.allow(Role::Operator)?;
    let widgets = widgets(app).await?;
    let told = MappingReading::last(&app.rt.store, &app.rt.namespace).await?;
    let told = told.ok_or_else(|| {
        Failure::Refused(words::kept!(
            "no transformer has told its mapping yet: start one, or choose a mapping at /setup"
        ))
    })?;
    let trial = words::scoped(ask.language, || told.trials.spoken().clone());
    Ok(Mapping { trial, widgets })
}

/// The same, tried with a customer by a running transformer.
///
/// # Errors
/// As for [`of_customer`].
pub(crate) async fn mapping_with(app: &App, ask: &Ask, id: &str) -> Result<Mapping, Failure> {
    ask.allow(Role::Operator)?;
    let widgets = widgets(app).await?;
    let mut trial = tried(app, ask, id, widgets.clone()).await?;
    for customer in &mut trial.customers {
        for cell in &mut customer.cells {
            cell.value = mask_text(&cell.value);
        }
    }
    Ok(Mapping { trial, widgets })
}

async fn widgets(app: &App) -> Result<Vec<Widget>, Failure> {
    let form = FormReading::last(&app.rt.store, &app.rt.namespace).await?;
    let widgets = form.into_iter().flat_map(|form| form.widgets);
    Ok(widgets.map(widget_of).collect())
}

async fn tried(app: &App, ask: &Ask, id: &str, widgets: Vec<Widget>) -> Result<Trial, Failure> {
    let why = words::text!("compare a customer with its row");
    let of = |stage| app.workspace(stage, &ask.principal.name);
    let customer = WishKind::Customer { id: id.to_owned() };
    let (customer, _) = asking::done_by_running(&of(Stage::Extract), customer, why).await?;
    let kind = WishKind::TryMapping {
        documents: BTreeMap::new(),
        widgets,
        customers_of: Some(customer.id),
    };
    let (_, answer) = asking::done_by_running(&of(Stage::Transform), kind, why).await?;
    let trials: Trials = serde_json::from_str(&answer.unwrap_or_default())?;
    Ok(words::scoped(ask.language, || trials.spoken().clone()))
}

fn shown(id: &str, trial: Trial, row: &RowSheet) -> View {
    let customer = trial.customers.into_iter().next();
    let (filtered, cells, warnings) = customer.map_or_else(Default::default, |customer| {
        (customer.filtered, customer.cells, customer.warnings)
    });
    let mut cells = cells.into_iter();
    let cell = |field: pipeline::setup::TriedField| {
        let cell = cells.next();
        let (read, sent, error) =
            cell.map_or_else(Default::default, |cell| (cell.read, cell.value, cell.error));
        let form = row
            .row_id
            .as_ref()
            .map(|_| row.cells.get(&field.widget).cloned().unwrap_or_default());
        Cell {
            label: field.label,
            words: field.words,
            expression: field.expression,
            read: read.iter().map(|text| mask_text(text)).collect(),
            sent: mask_text(&sent),
            error,
            form: form.map(|text| mask_text(&text)),
        }
    };
    View {
        company_id: id.to_owned(),
        filtered,
        row_id: row.row_id.clone(),
        others: row.others,
        cells: trial.fields.into_iter().map(cell).collect(),
        warnings,
    }
}

fn widget_of(widget: pipeline::form::FormWidget) -> Widget {
    Widget {
        name: widget.name,
        label: widget.label,
        kind: widget.kind,
        items: widget.items.into_iter().map(widget_of).collect(),
        no_key: None,
    }
}
