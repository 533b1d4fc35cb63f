//! `/customers/{id}/cells`: a customer beside its row.

use super::{Page, parts};
use crate::{
    server::{App, Ask, Filled, Result},
    views::{
        cells::{Cell, View, of_customer},
        customers,
    },
};
use axum::{
    Router,
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use maud::{Markup, html};

pub(super) fn routes() -> Router<App> {
    Router::new().route("/customers/{id}/cells", get(back).post(page))
}

/// Looking costs calls to both vendors, so an address alone does not do it.
async fn back(Path(id): Path<String>) -> Response {
    Redirect::to(&format!("/customers/{id}")).into_response()
}

async fn page(State(app): State<App>, ask: Ask, Path(id): Path<String>, _filled: Filled) -> Result<Response> {
    customers::checked(&id)?;
    let view = of_customer(&app, &ask, &id).await?;
    Ok(ask.page(|| shown(&view)))
}

fn shown(view: &View) -> Page {
    let differing = view.cells.iter().filter(|cell| cell.differs()).count();
    let body = html! {
        nav .trail { a href="/customers" { (words::text!("Customers")) } " › " a .id href=(format!("/customers/{}", view.company_id)) { (view.company_id) } }
        h1 { (words::text!("Cell by cell")) }
        @if let Some(why) = &view.filtered { p .trouble { (words::tr!("This customer is not written: {why}")) } }
        @match &view.row_id {
            None => p .trouble { (words::text!("The form has no row of this customer.")) },
            Some(row) => {
                p { (words::text!("Row")) " " span .id { (row) }
                    @if view.others > 0 { " · " span .bad { (words::tr!("{} more rows have the same key", view.others)) } } }
                @if differing == 0 { p .good { (words::text!("The form shows what would be written now.")) } }
                @else { p .bad { (words::tr!("{differing} cells differ: the row is older than the customer, or somebody has changed it.")) } }
            }
        }
        (table(&view.cells))
        @for warning in &view.warnings { p .note { (warning) } }
        p .note { (words::text!("OKKI and the form were asked just now. E-mail addresses and phone numbers are masked.")) }
    };
    Page::still(view.company_id.clone(), body)
}

fn table(cells: &[Cell]) -> Markup {
    html! {
        div .scroll tabindex="0" { table #cells {
            thead { tr {
                th { (words::text!("Widget")) } th { (words::text!("In OKKI")) } th { (words::text!("Formula")) }
                th { (words::text!("Would be written")) } th { (words::text!("In the form")) }
            } }
            tbody { @for cell in cells { tr .differs[cell.differs()] {
                td { (cell.label) }
                td .text { @for read in &cell.read { div { (read) } } }
                td .text { (parts::formula(&cell.words, &cell.expression)) }
                td { @match &cell.error { None => (cell.sent), Some(why) => span .bad { (why) } } }
                td { @match &cell.form { None => "–", Some(text) if cell.differs() => ins { (text) }, Some(text) => (text) } }
            } } }
        } }
    }
}
