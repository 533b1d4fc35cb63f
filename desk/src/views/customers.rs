//! Customers: the last ones that anything happened to, those that a text means, and everything about one.

use super::hidden;
use crate::{
    auth::Role,
    server::{App, Ask, Failure},
};
use pipeline::{events::What, form::FormReading, stage::Stage};
use readmodel::read::{customers, letters};
use replay::{
    query::Query,
    trace::{OpenLetter, Standing, Story, name, standing},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Customers of a page.
const PAGE: usize = 50;

/// What is asked.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    /// An id, or a text such as a name, which is looked for in the open dead letters.
    pub(crate) q: Option<String>,
    /// `at,id` of the last customer of the page before.
    pub(crate) after: Option<String>,
}

/// Customers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Customers)]
pub(crate) struct View {
    /// The last ones first.
    #[schema(value_type = Vec<Object>)]
    pub(crate) customers: Vec<customers::Customer>,
    /// For the next page.
    pub(crate) next: Option<String>,
    /// Dead letters that hold the text.
    pub(crate) letters: Vec<Hit>,
    /// Whether the account of events was read to its end.
    pub(crate) current: bool,
}

/// A letter that holds the text.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LetterOfCustomer)]
pub(crate) struct Hit {
    /// The customer.
    pub(crate) company_id: String,
    /// The stage.
    pub(crate) stage: &'static str,
    /// The letter.
    pub(crate) letter: String,
    /// Why it died.
    pub(crate) code: String,
    /// The state that died.
    #[serde(skip)]
    pub(crate) version: String,
}

impl Hit {
    /// As the story of the customer takes it; a letter that names nobody is one of many customers.
    fn open(&self, company: &str) -> Option<OpenLetter> {
        Some(OpenLetter {
            stage: Stage::named(self.stage)?,
            id: self.letter.clone(),
            code: self.code.clone(),
            version: (self.company_id == company).then(|| self.version.clone()),
        })
    }
}

/// One customer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Customer)]
pub(crate) struct One {
    /// Its id.
    pub(crate) company_id: String,
    /// Where it is and what comes next.
    #[schema(value_type = Object)]
    pub(crate) standing: Standing,
    /// How it got there.
    #[schema(value_type = Object)]
    pub(crate) story: Story,
    /// Where people look at its row; `None`: it has none as far as is known, or nobody knows where.
    pub(crate) row_page: Option<String>,
    /// Its open dead letters, as far as they can be found by its id.
    pub(crate) letters: Vec<Hit>,
    /// Whether the account of events was read to its end.
    pub(crate) current: bool,
}

/// Gathers a page.
///
/// # Errors
/// When the question is wrong, or the read model does not answer.
pub(crate) async fn view(app: &App, ask: &Ask, asked: &Asked) -> Result<View, Failure> {
    let current = app.keeper.state().is_current();
    let text = asked.q.as_deref().unwrap_or_default().trim().to_owned();
    if !text.is_empty() && !name::is_id(&text) {
        // What letters say is a customer's text; who may not read it may not guess it, either.
        ask.allow(Role::Operator)?;
        let letters = hits(app, ask, name::query(&text)).await?;
        return Ok(View {
            customers: Vec::new(),
            next: None,
            letters,
            current,
        });
    }
    if !text.is_empty() {
        let query = format!("key={text}")
            .parse()
            .map_err(|problem| Failure::query(&problem))?;
        return Ok(View {
            customers: Vec::new(),
            next: None,
            letters: hits(app, ask, query).await?,
            current,
        });
    }
    let before = match asked.after.as_deref() {
        None | Some("") => None,
        Some(after) => Some(place(after)?),
    };
    let page = move |connection: &rusqlite::Connection| customers::page(connection, before, PAGE);
    let found = app.look(ask.language, page).await?;
    let last = found.last().filter(|_| found.len() == PAGE);
    Ok(View {
        next: last.map(|last| format!("{},{}", last.at, last.id)),
        customers: found,
        letters: Vec::new(),
        current,
    })
}

fn place(after: &str) -> Result<(i64, i64), Failure> {
    let parsed = after
        .split_once(',')
        .and_then(|(at, id)| Some((at.parse().ok()?, id.parse().ok()?)));
    parsed.filter(|(at, id)| *at >= 0 && *id >= 0).ok_or_else(|| {
        Failure::invalid(
            "after",
            words::kept!("`at,id` of the last customer of the page before"),
        )
    })
}

/// What stands in an address may be no id.
///
/// # Errors
/// When it is none.
pub(crate) fn checked(id: &str) -> Result<(), Failure> {
    match name::is_id(id) && id.len() <= 32 {
        true => Ok(()),
        false => Err(Failure::nothing(words::tr!(
            "`{id}` is no id of a customer, which is made of digits"
        ))),
    }
}

/// Gathers everything about one.
///
/// # Errors
/// When it is no id, or the read model does not answer.
pub(crate) async fn one(app: &App, ask: &Ask, id: &str) -> Result<One, Failure> {
    checked(id)?;
    let (company, shown) = (id.to_owned(), ask.clone());
    let (standing, mut story) = app
        .look(ask.language, move |connection| {
            let story = Story::of(&company, customers::events(connection, &company)?);
            Ok((standing(&story.steps), story))
        })
        .await?;
    let row_page = row_page(app, &story).await?;
    for step in &mut story.steps {
        step.message = hidden::sentence(&shown.principal, &step.message);
    }
    let query: Query = format!("key={id}")
        .parse()
        .map_err(|problem| Failure::query(&problem))?;
    let letters = hits(app, ask, query).await?;
    let open: Vec<OpenLetter> = letters.iter().filter_map(|hit| hit.open(id)).collect();
    Ok(One {
        company_id: id.to_owned(),
        standing: standing.with_letters(&story.steps, &open),
        story,
        row_page,
        letters,
        current: app.keeper.state().is_current(),
    })
}

/// The page of the row that a customer had last.
async fn row_page(app: &App, story: &Story) -> Result<Option<String>, Failure> {
    let row = story.steps.iter().rev().find(|step| !step.row_id.is_empty());
    let Some(row) = row.filter(|step| step.what != What::Removed) else {
        return Ok(None);
    };
    let form = FormReading::last(&app.rt.store, &app.rt.namespace).await?;
    Ok(form.and_then(|form| form.page_of(&row.row_id)))
}

/// The page of a customer's row, for who stands elsewhere.
///
/// # Errors
/// When Redis or the read model does not answer.
pub(crate) async fn row_page_of(app: &App, ask: &Ask, id: &str) -> Result<Option<String>, Failure> {
    if !name::is_id(id) {
        return Ok(None);
    }
    let company = id.to_owned();
    let story = app.look(ask.language, move |connection| {
        Ok(Story::of(&company, customers::events(connection, &company)?))
    });
    row_page(app, &story.await?).await
}

async fn hits(app: &App, ask: &Ask, query: Query) -> Result<Vec<Hit>, Failure> {
    let found = app.look(ask.language, move |connection| {
        let mut hits = Vec::new();
        for stage in Stage::ALL {
            for letter in letters::page(connection, stage, &query, 0, PAGE)?.letters {
                let text = |name: &str| letter.record[name].as_str().unwrap_or_default().to_owned();
                hits.push(Hit {
                    company_id: text("company_id"),
                    stage: stage.name(),
                    letter: text("id"),
                    code: text("code"),
                    version: text("version"),
                });
            }
        }
        Ok(hits)
    });
    Ok(found.await?)
}
