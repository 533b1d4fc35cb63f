//! `/wishes`: what running services are asked to do; and whether a stage rests.

use super::{Page, parts};
use crate::{
    auth::Role,
    server::{App, Ask, Failure, Filled, Result, live},
    views::wishes::{View, view},
    work,
};
use axum::{
    Router,
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use maud::{Markup, html};
use pipeline::{
    stage::Stage,
    wish::{self, Wish, WishKind},
};
use replay::when;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/wishes", get(page).post(ask_for))
        .route("/live/wishes", get(updates))
        .route("/wishes/{id}/cancel", post(cancel))
        .route("/stages/{stage}/pause", post(pause))
        .route("/stages/{stage}/resume", post(resume))
}

async fn page(State(app): State<App>, ask: Ask) -> Result<Response> {
    let view = view(&app, &ask).await?;
    Ok(ask.page(|| shown(&ask, &view)))
}

async fn updates(State(app): State<App>, ask: Ask) -> Result<Response> {
    let (own, asked) = (app.clone(), ask.clone());
    live(&app, &ask, move || {
        let (app, ask) = (own.clone(), asked.clone());
        async move {
            let view = view(&app, &ask).await?;
            Ok(ask.inside(|| shown(&ask, &view)).into_string())
        }
    })
}

fn shown(ask: &Ask, view: &View) -> Page {
    let title = words::text!("Requests");
    let body = html! {
        h1 { (title) }
        p .note { (words::text!("Running services do these with their own keys; the desk holds none.")) }
        @if ask.principal.may(Role::Operator) { (asking(ask)) }
        section #wishes data-live {
            @if view.wishes.is_empty() {
                (parts::empty(words::text!("Nobody has asked for anything within a week.")))
            } @else { (table(ask, &view.wishes)) }
        }
    };
    Page::live(title, body)
}

fn asking(ask: &Ask) -> Markup {
    let kinds = [
        ("list-now", words::text!("list now")),
        ("reconcile", words::text!("compare with OKKI")),
        (
            "reconcile-fix",
            words::text!("compare with OKKI and fetch again what differs"),
        ),
        ("read-form", words::text!("read the form again")),
        ("test-notice-extract", words::text!("a test notice of extractor")),
        (
            "test-notice-transform",
            words::text!("a test notice of transformer"),
        ),
        ("test-notice-load", words::text!("a test notice of loader")),
    ];
    parts::form(
        ask,
        "/wishes",
        html! {
            fieldset .decide {
                legend { (words::text!("Ask for something")) }
                div .row {
                    label { span { (words::text!("What")) }
                        select name="kind" {
                            @for (kind, told) in kinds { option value=(kind) { (told) } }
                            option value="customers" { (words::text!("these customers")) }
                            option value="period" { (words::text!("changes of a period again")) }
                        }
                    }
                    label .wide { span { (words::text!("Customers, if they are meant: ids")) } input name="ids" autocomplete="off"; }
                    label { span { (words::text!("From")) } input name="from" autocomplete="off" placeholder="2026-01-02"; }
                    label { span { (words::text!("Up to")) } input name="to" autocomplete="off" placeholder="2026-01-03"; }
                }
                div .row { (parts::reason()) button .primary { (words::text!("Ask")) } }
            }
        },
    )
}

/// Wishes and what became of them.
pub(super) fn table(ask: &Ask, wishes: &[Wish]) -> Markup {
    html! {
        div .scroll tabindex="0" {
            table {
                thead { tr {
                    th { (words::text!("Request")) } th { (words::text!("What")) } th { (words::text!("State")) } th { (words::text!("What came of it")) }
                    th { (words::text!("Reason")) } th { (words::text!("By")) } th { (words::text!("Asked")) } th { (words::text!("Done by")) } th {}
                } }
                tbody { @for wish in wishes { tr .bad[matches!(wish.state, wish::State::Failed | wish::State::Expired)] {
                    td .id { (wish.id) }
                    td { (when::here(&wish.kind.told())) }
                    td { (wish.state.told()) }
                    td .text { (when::retold(if wish.state.is_over() { &wish.outcome } else { &wish.progress })) }
                    td .text { (wish.reason) }
                    td { (wish.by) }
                    td { (parts::time(wish.asked_ms)) }
                    td .id { (wish.instance.as_deref().unwrap_or("–")) }
                    td { @if wish.state == wish::State::Waiting && ask.principal.may(Role::Operator) {
                        (parts::form(ask, &format!("/wishes/{}/cancel", wish.id), html! { button { (words::text!("Cancel")) } }))
                    } }
                } } }
            }
        }
    }
}

/// Whether a stage rests, and the form that changes it.
pub(super) fn rest(ask: &Ask, stage: Stage, paused: bool) -> Markup {
    let (path, told) = match paused {
        true => ("resume", words::text!("Resume")),
        false => ("pause", words::text!("Pause")),
    };
    html! {
        details .rest {
            summary { (told) }
            (parts::form(ask, &format!("/stages/{stage}/{path}"), html! { (parts::reason()) button { (told) } }))
        }
    }
}

/// What a filled form asks for.
fn kind(filled: &Filled) -> Result<WishKind> {
    let time = |name: &'static str| -> Result<i64> {
        let ms = when::parse_time(filled.text(name)).map_err(|problem| Failure::invalid(name, problem))?;
        Ok(ms.div_euclid(1_000))
    };
    Ok(match filled.text("kind") {
        "list-now" => WishKind::ListNow,
        "reconcile" => WishKind::Reconcile { fix: false },
        "reconcile-fix" => WishKind::Reconcile { fix: true },
        "read-form" => WishKind::ReadForm,
        "test-notice-extract" => WishKind::TestNotice {
            stage: Stage::Extract,
        },
        "test-notice-transform" => WishKind::TestNotice {
            stage: Stage::Transform,
        },
        "test-notice-load" => WishKind::TestNotice { stage: Stage::Load },
        "customers" => WishKind::Customers {
            ids: filled
                .text("ids")
                .split([',', '，', '、', ' ', '\n'])
                .map(str::to_owned)
                .collect(),
        },
        "period" => WishKind::Period {
            from: time("from")?,
            to: time("to")?,
        },
        other => {
            return Err(Failure::invalid(
                "kind",
                words::tr!("`{other}` cannot be asked for"),
            ));
        }
    })
}

async fn ask_for(State(app): State<App>, ask: Ask, filled: Filled) -> Result<Response> {
    let kind = words::scoped(ask.language, || kind(&filled))?;
    work::wish(&app, &ask, kind, filled.text("reason")).await?;
    Ok(Redirect::to("/wishes").into_response())
}

async fn cancel(
    State(app): State<App>,
    ask: Ask,
    Path(id): Path<String>,
    _filled: Filled,
) -> Result<Response> {
    work::cancel_wish(&app, &ask, &id).await?;
    Ok(Redirect::to("/wishes").into_response())
}

async fn pause(
    State(app): State<App>,
    ask: Ask,
    Path(stage): Path<String>,
    filled: Filled,
) -> Result<Response> {
    work::pause_stage(&app, &ask, &stage, filled.text("reason")).await?;
    Ok(Redirect::to("/").into_response())
}

async fn resume(
    State(app): State<App>,
    ask: Ask,
    Path(stage): Path<String>,
    filled: Filled,
) -> Result<Response> {
    work::resume_stage(&app, &ask, &stage, filled.text("reason")).await?;
    Ok(Redirect::to("/").into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_filled_is_what_is_asked_for() {
        let of = |fields: &[(&str, &str)]| kind(&Filled::of(fields));
        assert_eq!(of(&[("kind", "list-now")]).unwrap(), WishKind::ListNow);
        let ids = of(&[("kind", "customers"), ("ids", "7，8 9")]).unwrap();
        assert_eq!(
            ids,
            WishKind::Customers {
                ids: vec!["7".into(), "8".into(), "9".into()]
            }
        );
        let period = [
            ("kind", "period"),
            ("from", "2026-01-02T00:00:00Z"),
            ("to", "2026-01-03T00:00:00Z"),
        ];
        assert_eq!(
            of(&period).unwrap(),
            WishKind::Period {
                from: 1_767_312_000,
                to: 1_767_398_400
            }
        );
        assert!(of(&[("kind", "period"), ("from", "yesterday")]).is_err() && of(&[("kind", "x")]).is_err());
    }
}
